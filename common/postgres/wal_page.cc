#include "common/postgres/wal_page.h"

#include <bit>
#include <cstring>

namespace pitr {
namespace {

struct LongPageHeader {
  std::uint16_t magic;
  std::uint16_t flags;
  std::uint32_t timeline;
  std::uint64_t page_address;
  std::uint32_t continued_length;
  std::uint32_t padding;
  std::uint64_t system_identifier;
  std::uint32_t segment_size;
  std::uint32_t block_size;
};
static_assert(sizeof(LongPageHeader) == wal_page_header_size);
static_assert(offsetof(LongPageHeader, page_address) == 8 &&
              offsetof(LongPageHeader, system_identifier) == 24);

constexpr std::uint16_t long_header_flag = 0x0002;
constexpr std::uint16_t all_flags = 0x000F;

struct Magic {
  std::uint16_t magic;
  std::string_view major;
};
constexpr Magic magics[] = {{0xD093, "9.6"}, {0xD097, "10"}, {0xD098, "11"}, {0xD101, "12"}, {0xD106, "13"},
                            {0xD10D, "14"},  {0xD110, "15"}, {0xD113, "16"}, {0xD116, "17"}, {0xD118, "18"}};

}  // namespace

std::optional<WalPageHeader> parse_wal_page_header(Bytes page) {
  LongPageHeader raw;
  if (page.size() < sizeof raw) return std::nullopt;
  std::memcpy(&raw, page.data(), sizeof raw);
  const auto segment_size = SegmentSize::of(raw.segment_size);
  if (!segment_size || raw.timeline == 0 || (raw.flags & long_header_flag) == 0 ||
      (raw.flags & ~all_flags) != 0)
    return std::nullopt;
  if (!std::has_single_bit(raw.block_size) || raw.block_size < 1024 || raw.block_size > 65536)
    return std::nullopt;
  return WalPageHeader{.magic = raw.magic,
                       .flags = raw.flags,
                       .timeline = Timeline{raw.timeline},
                       .page_address = Lsn{raw.page_address},
                       .system_identifier = raw.system_identifier,
                       .segment_size = *segment_size,
                       .block_size = raw.block_size};
}

std::string_view major_of_wal_magic(std::uint16_t magic) {
  for (const Magic& row : magics) {
    if (row.magic == magic) return row.major;
  }
  return {};
}

}  // namespace pitr
