#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "common/base/stream.h"
#include "common/postgres/wal.h"

namespace pitr {

inline constexpr std::size_t wal_page_header_size = 40;

// The long header on the first page of every segment, in the byte order of the machine. Source of the layout:
// PostgreSQL, src/include/access/xlog_internal.h, XLogLongPageHeaderData.
//
//   offset  0 u16 magic    2 u16 flags   4 u32 timeline   8 u64 page address  16 u32 length of the continued
//   record
//          24 u64 system identifier  32 u32 segment size  36 u32 block size
//
//   10 D1 02 00 01 00 00 00  00 00 00 07 00 00 00 00 ... : PostgreSQL 15, timeline 1, page address 0/7000000
struct WalPageHeader {
  std::uint16_t magic;
  std::uint16_t flags;
  Timeline timeline;
  Lsn page_address;
  std::uint64_t system_identifier;
  SegmentSize segment_size;
  std::uint32_t block_size;
};

// Null when `page` is shorter than a long header or does not hold one: a flag out of range, no long header,
// timeline 0, a segment or block size that cannot be. The magic is not judged.
std::optional<WalPageHeader> parse_wal_page_header(Bytes page);

// The major that writes this magic: "15", "9.6"; empty when it is not known.
std::string_view major_of_wal_magic(std::uint16_t magic);

}  // namespace pitr
