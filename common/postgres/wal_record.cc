#include "common/postgres/wal_record.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "common/codec/crc32c.h"
#include "common/postgres/byte_reader.h"
#include "common/postgres/page.h"

namespace pitr {
namespace {

struct RawHeader {
  std::uint32_t length;
  std::uint32_t transaction;
  std::uint64_t previous;
  std::uint8_t info;
  std::uint8_t manager;
  std::uint16_t padding;
  std::uint32_t crc;
};
static_assert(sizeof(RawHeader) == wal_record_header_size && offsetof(RawHeader, crc) == 20);

// The ids in front of the parts of a record; smaller ones are numbers of blocks.
constexpr std::uint8_t last_block_id = 32, top_transaction_id = 252, origin_id = 253, long_main_id = 254,
                       short_main_id = 255;

// The sizes of what follows all headers.
struct Sizes {
  std::size_t image, data;
};

std::size_t take_image_header(ByteReader& from, std::uint16_t magic, WalBlock& block) {
  const auto size = from.take<std::uint16_t>();
  block.hole_offset = from.take<std::uint16_t>();
  const auto info = from.take<std::uint8_t>();
  const bool has_hole = (info & 0x01) != 0;
  // Until 14 there was one way to compress a page, and its bit had the place that "apply" has since.
  const std::uint8_t compressed = info & (magic < magic_of_15 ? 0x02 : 0x1C);
  using enum ImageCompression;
  block.compression = compressed == 0                            ? none
                      : compressed == 0x02 || compressed == 0x04 ? pglz
                      : compressed == 0x08                       ? lz4
                                                                 : zstd;
  if (has_hole) {
    if (compressed != 0) {
      block.hole_length = from.take<std::uint16_t>();
    } else {
      block.hole_length = static_cast<std::uint16_t>(page_size - std::min<std::size_t>(size, page_size));
    }
  }
  return size;
}

// The time of WAL counts from 2000-01-01.
constexpr std::uint64_t epoch = std::uint64_t{946684800} * 1000000;

}  // namespace

std::optional<WalRecord> parse_wal_record(Bytes bytes, Lsn start, std::uint16_t magic) {
  RawHeader raw;
  if (bytes.size() < sizeof raw) return std::nullopt;
  std::memcpy(&raw, bytes.data(), sizeof raw);
  if (raw.length < sizeof raw || raw.length > bytes.size()) return std::nullopt;
  return WalRecord{.start = start,
                   .end = {start.value + raw.length},
                   .magic = magic,
                   .transaction = raw.transaction,
                   .previous = {raw.previous},
                   .manager = static_cast<ResourceManager>(raw.manager),
                   .info = raw.info,
                   .body = bytes.subspan(sizeof raw, raw.length - sizeof raw)};
}

bool has_right_checksum(Bytes record) {
  std::uint32_t stored;
  std::memcpy(&stored, record.data() + offsetof(RawHeader, crc), sizeof stored);
  const std::uint32_t body = crc32c(0, record.subspan(wal_record_header_size));
  return crc32c(body, record.first(offsetof(RawHeader, crc))) == stored;
}

std::optional<WalContents> contents_of(const WalRecord& record) {
  // First the headers of all parts, then their bytes in the same order, then the main data.
  WalContents contents;
  std::vector<Sizes> sizes;
  ByteReader from(record.body);
  std::uint64_t following = 0, main = 0;
  while (from.left() > following + main) {
    const auto id = from.take<std::uint8_t>();
    if (id == short_main_id) {
      main = from.take<std::uint8_t>();
    } else if (id == long_main_id) {
      main = from.take<std::uint32_t>();
    } else if (id == origin_id) {
      from.skip(2);
      continue;
    } else if (id == top_transaction_id) {
      contents.top_transaction = from.take<std::uint32_t>();
      continue;
    } else if (id <= last_block_id) {
      const auto flags = from.take<std::uint8_t>();
      const auto data_size = from.take<std::uint16_t>();
      WalBlock block{};
      const std::size_t image_size = (flags & 0x10) != 0 ? take_image_header(from, record.magic, block) : 0;
      block.id = id;
      block.fork = flags & 0x0F;
      if ((flags & 0x80) == 0) {
        block.relation = from.take<RelationLocator>();
      } else if (!contents.blocks.empty()) {
        block.relation = contents.blocks.back().relation;
      } else {
        return std::nullopt;
      }
      block.number = from.take<std::uint32_t>();
      contents.blocks.push_back(block);
      sizes.push_back({image_size, data_size});
      following += image_size + data_size;
      continue;
    } else {
      return std::nullopt;
    }
    break;  // the main data is the last part
  }
  if (from.failed() || from.left() != following + main) return std::nullopt;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    contents.blocks[i].image = from.take_bytes(sizes[i].image);
    contents.blocks[i].data = from.take_bytes(sizes[i].data);
  }
  contents.main = from.take_bytes(static_cast<std::size_t>(main));
  return contents;
}

// Source of the layout: src/include/access/xact.h, xl_xact_commit and xl_xact_abort, whose parts stand in the
// order of ParseCommitRecord().
std::optional<TransactionEnd> transaction_end(const WalRecord& record) {
  if (record.manager != ResourceManager::transaction) return std::nullopt;
  enum : std::uint8_t { commit = 0x00, abort = 0x20, commit_prepared = 0x30, abort_prepared = 0x40 };
  const std::uint8_t what = record.info & 0x70;
  if (what != commit && what != abort && what != commit_prepared && what != abort_prepared)
    return std::nullopt;
  const auto contents = contents_of(record);
  if (!contents) return std::nullopt;
  ByteReader from(contents->main);
  TransactionEnd end{what == commit || what == commit_prepared,
                     record.transaction,
                     static_cast<Moment>(from.take<std::uint64_t>() + epoch),
                     {},
                     {}};
  const std::uint32_t parts = (record.info & 0x80) != 0 ? from.take<std::uint32_t>() : 0;
  const auto length_of = [&](std::uint32_t part) {
    return (parts & part) != 0 ? from.take<std::uint32_t>() : 0;
  };
  if ((parts & 0x01) != 0) from.skip(8);  // database and its tablespace
  for (auto n = length_of(0x02); n > 0 && !from.failed(); --n)
    end.subtransactions.push_back(from.take<std::uint32_t>());
  for (auto n = length_of(0x04); n > 0 && !from.failed(); --n)
    end.dropped_files.push_back(from.take<RelationLocator>());
  from.skip(std::uint64_t{length_of(0x100)} * (record.magic < magic_of_18 ? 12 : 16));  // dropped statistics
  from.skip(std::uint64_t{length_of(0x08)} * 16);                         // invalidation messages
  if ((parts & 0x10) != 0) end.transaction = from.take<std::uint32_t>();  // of the prepared one
  if (from.failed()) return std::nullopt;
  return end;
}

// src/include/access/xlog_internal.h, xl_restore_point: i64 time, char name[64].
std::optional<std::string> restore_point(const WalRecord& record) {
  if (record.manager != ResourceManager::xlog || (record.info & 0xF0) != 0x70) return std::nullopt;
  const auto contents = contents_of(record);
  if (!contents) return std::nullopt;
  ByteReader from(contents->main);
  from.skip(8);
  const Bytes name = from.take_bytes(64);
  if (from.failed()) return std::nullopt;
  const char* const text = reinterpret_cast<const char*>(name.data());
  return std::string(text, ::strnlen(text, name.size()));
}

// src/include/commands/tablespace.h, xl_tblspc_create_rec: u32 oid, the path with a zero byte behind it.
std::optional<CreatedTablespace> created_tablespace(const WalRecord& record) {
  if (record.manager != ResourceManager::tablespace || (record.info & 0xF0) != 0x00) return std::nullopt;
  const auto contents = contents_of(record);
  if (!contents) return std::nullopt;
  ByteReader from(contents->main);
  const auto oid = from.take<std::uint32_t>();
  const Bytes path = from.take_bytes(from.left());
  if (from.failed()) return std::nullopt;
  const char* const text = reinterpret_cast<const char*>(path.data());
  return CreatedTablespace{oid, std::string(text, ::strnlen(text, path.size()))};
}

bool ends_segment(const WalRecord& record) {
  return record.manager == ResourceManager::xlog && (record.info & 0xF0) == 0x40;
}

}  // namespace pitr
