#include "common/set/reach.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

using namespace pitr;

namespace {

const SegmentSize size = *SegmentSize::of(16 * 1024 * 1024);

Lsn in_segment(std::uint64_t number, std::uint64_t offset) { return {number * size.bytes() + offset}; }

// A backup of timeline 1 from the middle of segment 7 to the middle of segment 8.
Meta backup(Lsn start = in_segment(7, 40), Lsn stop = in_segment(8, 300)) {
  Meta meta =
      parse_meta("Min-Xlog: 000000010000000000000007\nStarted-epoch: 1\nTimezone: UTC\nHostname: db1\n");
  meta.start = start;
  meta.stop = stop;
  meta.start_timeline = meta.stop_timeline = Timeline{1};
  meta.segment_size = size;
  return meta;
}

const Histories histories = {{Timeline{2}, {{Timeline{1}, in_segment(10, 500)}}},
                             {Timeline{3}, {{Timeline{1}, in_segment(8, 200)}}}};

// "1:to 12" for each timeline, with "!" for every hole; "1:no" when the backup does not even become
// consistent.
std::string text(const Meta& meta, const std::vector<SegmentRange>& there) {
  std::string result;
  for (const ReachableSpan& reach : reach_of(meta, there, histories)) {
    CHECK(reach.from == meta.stop);
    result += fmt::format("{}{}:{}{}", result.empty() ? "" : " ", number(reach.timeline),
                          reach.to ? std::to_string(reach.to->value / size.bytes()) : "no",
                          std::string(reach.holes.size(), '!'));
  }
  return result;
}

}  // namespace

TEST_CASE(
    "a backup reaches from its stop to the first hole, on its timeline and on those that left it later") {
  struct Row {
    std::string_view what;
    std::vector<SegmentRange> there;
    std::string reach;
  };
  const Timeline one{1}, two{2}, three{3};
  const Row rows[] = {
      {"nothing", {}, "1:no!"},
      {"its own WAL", {{one, 7, 8}}, "1:9"},
      {"half of it", {{one, 7, 7}}, "1:no!"},
      {"the other half", {{one, 8, 20}}, "1:no!"},
      {"more", {{one, 2, 20}}, "1:21"},
      {"a hole behind", {{one, 7, 9}, {one, 11, 20}}, "1:10!"},
      {"two holes behind", {{one, 7, 9}, {one, 11, 13}, {one, 15, 15}}, "1:10!!"},
      {"a hole before", {{one, 1, 3}, {one, 7, 9}}, "1:10"},
      {"the next timeline", {{one, 7, 9}, {two, 10, 12}}, "1:10 2:13"},
      {"both went on", {{one, 7, 20}, {two, 10, 12}}, "1:21 2:13"},
      {"the next timeline lacks its first segment", {{one, 7, 20}, {two, 11, 12}}, "1:21 2:10!"},
      {"a timeline that left before the stop", {{one, 7, 9}, {three, 8, 30}}, "1:10"},
      {"a timeline of which nothing is known", {{one, 7, 9}, {Timeline{9}, 10, 12}}, "1:10"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    CHECK(text(backup(), row.there) == row.reach);
  }
}

TEST_CASE("a stop at the first byte of a segment needs nothing of that segment") {
  const Meta meta = backup(in_segment(7, 40), in_segment(8, 0));
  CHECK(text(meta, {{Timeline{1}, 7, 7}}) == "1:8");
  CHECK(text(meta, {}) == "1:no!");
}

TEST_CASE("the last segment that a backup reaches is told") {
  const auto reach = reach_of(backup(), {{Timeline{1}, 7, 9}, {Timeline{2}, 10, 12}}, histories);
  REQUIRE(reach.size() == 2);
  CHECK(reach[0].last == SegmentKey{Timeline{1}, 9});
  CHECK(reach[1].last == SegmentKey{Timeline{2}, 12});
}
