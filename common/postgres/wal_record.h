#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/moment.h"
#include "common/base/stream.h"
#include "common/postgres/wal.h"

namespace pitr {

// The fixed part of a WAL record, in the byte order of the machine; the same from 9.5 to 19. Source of the
// layout: PostgreSQL, src/include/access/xlogrecord.h, XLogRecord.
//
//   offset  0 u32 length of all   4 u32 transaction  8 u64 previous record
//          16 u8 info            17 u8 resource manager  18 2 unused bytes  20 u32 CRC-32C of all but itself
inline constexpr std::size_t wal_record_header_size = 24;

// Resource managers by their number, which is part of the format (src/include/access/rmgrlist.h).
enum class ResourceManager : std::uint8_t {
  xlog = 0,
  transaction = 1,
  storage = 2,
  database = 4,
  tablespace = 5,
  relation_map = 7,
  standby = 8,
  heap2 = 9,
  heap = 10
};

// The magic of its page tells the major that wrote a record.
inline constexpr std::uint16_t magic_of_15 = 0xD110, magic_of_18 = 0xD118;

// A record as it was read. Its bytes live until the next one is read.
struct WalRecord {
  Lsn start;
  Lsn end;              // behind its last byte
  std::uint16_t magic;  // of its page: it tells the major, and with it the layout of what a record holds
  std::uint32_t transaction;
  Lsn previous;
  ResourceManager manager;
  std::uint8_t info;
  Bytes body;  // everything behind the fixed part
};

// Null when `bytes` is shorter than the fixed part or than the length that stands in it.
std::optional<WalRecord> parse_wal_record(Bytes bytes, Lsn start, std::uint16_t magic);
// The CRC that stands in the record, and the one that its bytes have.
bool has_right_checksum(Bytes record);

// What a record holds beside its fixed part.
struct RelationLocator {
  std::uint32_t tablespace, database, relation;  // 0 as the database: of all databases
  auto operator<=>(const RelationLocator&) const = default;
};
enum class ImageCompression : std::uint8_t { none, pglz, lz4, zstd };
struct WalBlock {
  std::uint8_t id;
  RelationLocator relation;
  std::uint8_t fork;  // 0 main, 1 free space map, 2 visibility map, 3 init
  std::uint32_t number;
  Bytes image;  // of the page as it is stored (page_image.h makes a page of it); empty: there is none
  ImageCompression compression;
  std::uint16_t hole_offset, hole_length;  // zeros of the page that the image leaves out
  Bytes data;
};
struct WalContents {
  std::vector<WalBlock> blocks;
  Bytes main;
  std::optional<std::uint32_t> top_transaction;  // of which `transaction` is a part
};
// Null when the lengths in it do not fit into the record.
std::optional<WalContents> contents_of(const WalRecord& record);

// The end of a transaction, also of a prepared one, which names it in its contents.
struct TransactionEnd {
  bool committed;
  std::uint32_t transaction;
  Moment time;
  std::vector<std::uint32_t> subtransactions;
  std::vector<RelationLocator> dropped_files;
};
std::optional<TransactionEnd> transaction_end(const WalRecord& record);

std::optional<std::string> restore_point(const WalRecord& record);

// A tablespace that is created; its location is empty for one inside the data directory.
struct CreatedTablespace {
  std::uint32_t oid;
  std::string location;
};
std::optional<CreatedTablespace> created_tablespace(const WalRecord& record);

// The rest of the segment behind this record is unused.
bool ends_segment(const WalRecord& record);

}  // namespace pitr
