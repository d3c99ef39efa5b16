#include "common/postgres/page.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace pitr {
namespace {

// PageHeaderData, src/include/storage/bufpage.h.
struct PageHeader {
  std::uint32_t lsn_high, lsn_low;
  std::uint16_t checksum;
  std::uint16_t flags;
  std::uint16_t lower, upper, special;
  std::uint16_t size_and_version;
  std::uint32_t prune_xid;
};
static_assert(sizeof(PageHeader) == 24 && offsetof(PageHeader, checksum) == 8);

constexpr std::uint16_t layout_version = 4;
constexpr std::uint16_t all_flags = 0x0007;

PageHeader header_of(Page page) {
  PageHeader header;
  std::memcpy(&header, page.data(), sizeof header);
  return header;
}

constexpr std::size_t lanes = 32;
constexpr std::size_t words = page_size / sizeof(std::uint32_t);
constexpr std::array<std::uint32_t, lanes> base_offsets = {
    0x5B1F36E9, 0xB8525960, 0x02AB50AA, 0x1DE66D2A, 0x79FF467A, 0x9BB9F8A3, 0x217E7CD2, 0x83E13D2C,
    0xF8D4474F, 0xE39EB970, 0x42C6AE16, 0x993216FA, 0x7B093B5D, 0x98DAFF3C, 0xF718902A, 0x0B1C9CDB,
    0xE58F764B, 0x187636BC, 0x5D7B3BB1, 0xE73DE7DE, 0x92BEC979, 0xCCA6C0B2, 0x304A0979, 0x85AA43D4,
    0x783125BB, 0x6CA8EAA2, 0xE407EAC6, 0x4B5CFC3E, 0x9FBF8C76, 0x15CA20BE, 0xF2CA9FD3, 0x959BD756};

// 32 FNV-1a sums side by side, so that one vector instruction works on several.
[[gnu::target_clones("avx2", "default"), gnu::optimize("O3")]] std::uint32_t sum_words(
    const std::uint32_t* word) {
  constexpr std::uint32_t prime = 16777619;
  std::uint32_t sums[lanes];
  for (std::size_t lane = 0; lane < lanes; ++lane) sums[lane] = base_offsets[lane];
  const auto add = [&](std::size_t lane, std::uint32_t value) {
    const std::uint32_t mixed = sums[lane] ^ value;
    sums[lane] = mixed * prime ^ mixed >> 17;
  };
  for (std::size_t i = 0; i < words; i += lanes) {
    for (std::size_t lane = 0; lane < lanes; ++lane) add(lane, word[i + lane]);
  }
  // Two rounds of zeros mix the last words in.
  for (int round = 0; round < 2; ++round) {
    for (std::size_t lane = 0; lane < lanes; ++lane) add(lane, 0);
  }
  std::uint32_t result = 0;
  for (const std::uint32_t sum : sums) result ^= sum;
  return result;
}

bool is_all_zeros(Page page) {
  return std::ranges::all_of(page, [](std::byte byte) { return byte == std::byte{0}; });
}

}  // namespace

std::uint16_t page_checksum(Page page, std::uint32_t block) {
  std::array<std::uint32_t, words> copy;
  std::memcpy(copy.data(), page.data(), page_size);
  const std::uint16_t none = 0;
  std::memcpy(reinterpret_cast<std::byte*>(copy.data()) + offsetof(PageHeader, checksum), &none, sizeof none);
  return static_cast<std::uint16_t>((sum_words(copy.data()) ^ block) % 65535 + 1);
}

std::optional<std::string> page_damage(Page page, std::uint32_t block, bool checksums) {
  const PageHeader header = header_of(page);
  if (header.upper == 0) {
    return is_all_zeros(page) ? std::nullopt : std::optional<std::string>("a new page that is not all zeros");
  }
  if (checksums) {
    const std::uint16_t expected = page_checksum(page, block);
    if (header.checksum == expected) return std::nullopt;
    return fmt::format("checksum {:04X}, calculated {:04X}", header.checksum, expected);
  }
  const bool plausible = (header.flags & ~all_flags) == 0 && header.lower >= sizeof(PageHeader) &&
                         header.lower <= header.upper && header.upper <= header.special &&
                         header.special <= page_size &&
                         header.size_and_version == (page_size | layout_version);
  return plausible ? std::nullopt : std::optional<std::string>("a page header that cannot be");
}

Lsn page_lsn(Page page) {
  const PageHeader header = header_of(page);
  return {std::uint64_t{header.lsn_high} << 32 | header.lsn_low};
}

}  // namespace pitr
