#include "monitor/verify/page_judge.h"

#include <cstring>

#include <doctest/doctest.h>

using namespace pitr;

namespace {

// Pages that hold nothing that could be right, of that LSN.
std::vector<std::byte> bad_pages(std::size_t count, Lsn lsn) {
  std::vector<std::byte> pages(count * page_size, std::byte{7});
  const std::uint32_t halves[] = {static_cast<std::uint32_t>(lsn.value >> 32),
                                  static_cast<std::uint32_t>(lsn.value)};
  for (std::size_t i = 0; i < count; ++i) std::memcpy(pages.data() + i * page_size, halves, sizeof halves);
  return pages;
}

}  // namespace

TEST_CASE("however many pages recovery writes anew, a damaged one behind them is found") {
  constexpr Lsn start{0x2000000}, stop{0x3000000};
  PageJudge judge(start, stop);
  judge.begin("base/5/16384");
  const auto torn = bad_pages(1000, {0x2500000});
  for (int i = 0; i < 101; ++i) judge.piece(torn);
  judge.piece(bad_pages(1, {0x1000000}));
  for (const bool checksums : {true, false}) {
    const auto& bad = judge.bad_pages(checksums);
    CHECK(bad.count == 1);
    REQUIRE(bad.pages.size() == 1);
    CHECK(bad.pages[0].path == "base/5/16384");
    CHECK(bad.pages[0].block == 101000);
  }
}

TEST_CASE("of many damaged pages the first ones are told, and how many there are") {
  PageJudge judge({0x2000000}, {0x3000000});
  judge.begin("base/5/16384.1");
  judge.piece(bad_pages(250, {0x1000000}));
  CHECK(judge.bad_pages(true).count == 250);
  CHECK(judge.bad_pages(true).pages.size() == 100);
  CHECK(judge.bad_pages(true).pages[0].block == PageJudge::pages_per_file);
  judge.begin("pg_wal/000000010000000000000002");
  judge.piece(bad_pages(1, {0x1000000}));
  CHECK(judge.bad_pages(true).count == 250);
}
