#include "common/wal/coverage.h"

#include <array>

#include <doctest/doctest.h>

#include <fmt/format.h>

using namespace pitr;

namespace {

const SegmentSize size = *SegmentSize::of(16 * 1024 * 1024);

// "1:7-9 2:10-10": ranges as the tables write them.
std::string text(const std::vector<SegmentRange>& ranges) {
  std::string result;
  for (const SegmentRange& range : ranges) {
    result +=
        fmt::format("{}{}:{}-{}", result.empty() ? "" : " ", number(range.timeline), range.first, range.last);
  }
  return result;
}

std::vector<SegmentRange> ranges(const std::vector<std::array<std::uint64_t, 3>>& rows) {
  std::vector<SegmentRange> result;
  for (const auto& [timeline, first, last] : rows) {
    result.push_back({Timeline{static_cast<std::uint32_t>(timeline)}, first, last});
  }
  return result;
}

// The switch from `timeline` in the middle of a segment.
TimelineSwitch left(std::uint32_t timeline, std::uint64_t segment) {
  return {Timeline{timeline}, {segment * size.bytes() + 4000}};
}

// 1 was left in segment 10 for 2, that in 12 for 3; and 1 in 5 for 4.
const Histories histories = {
    {Timeline{2}, {left(1, 10)}}, {Timeline{3}, {left(1, 10), left(2, 12)}}, {Timeline{4}, {left(1, 5)}}};

}  // namespace

TEST_CASE("segments that follow one another are one range, whatever their order") {
  CHECK(ranges_of({}).empty());
  const std::vector<SegmentKey> keys = {{Timeline{2}, 4}, {Timeline{1}, 9}, {Timeline{1}, 7},
                                        {Timeline{1}, 8}, {Timeline{1}, 7}, {Timeline{1}, 11},
                                        {Timeline{2}, 3}};
  CHECK(text(ranges_of(keys)) == "1:7-9 1:11-11 2:3-4");
  CHECK(text(united(ranges({{1, 5, 9}, {1, 1, 4}, {1, 7, 8}, {1, 12, 12}, {2, 13, 13}}))) ==
        "1:1-9 1:12-12 2:13-13");
}

TEST_CASE("a segment has a number, and a number has a name") {
  const SegmentKey key = segment_key(Timeline{3}, {0x1'0400'0028}, size);
  CHECK(key.number == 0x104);
  CHECK(segment_name(key, size).text() == "000000030000000100000004");
}

TEST_CASE("the way to a timeline leads over its ancestors, from the segment of each switch on") {
  constexpr std::uint64_t end = UINT64_MAX;
  CHECK(segments_on(timeline_path(Timeline{1}, histories), size) == ranges({{1, 0, end}}));
  CHECK(segments_on(timeline_path(Timeline{2}, histories), size) == ranges({{1, 0, 9}, {2, 10, end}}));
  CHECK(segments_on(timeline_path(Timeline{3}, histories), size) ==
        ranges({{1, 0, 9}, {2, 10, 11}, {3, 12, end}}));
  // A history that is not here: nothing is known of what was before.
  CHECK(segments_on(timeline_path(Timeline{7}, histories), size) == ranges({{7, 0, end}}));
  // Left again in the segment in which it began: no segment is read from timeline 2.
  const Histories twice = {{Timeline{3}, {left(1, 10), left(2, 10)}}};
  CHECK(segments_on(timeline_path(Timeline{3}, twice), size) == ranges({{1, 0, 9}, {3, 10, end}}));
  // A switch exactly at the end of a segment.
  const Histories at_border = {{Timeline{2}, {{Timeline{1}, {10 * size.bytes()}}}}};
  CHECK(segments_on(timeline_path(Timeline{2}, at_border), size) == ranges({{1, 0, 9}, {2, 10, end}}));
}

TEST_CASE("what is missing between two segments of a way") {
  const auto path = segments_on(timeline_path(Timeline{3}, histories), size);
  struct Row {
    std::vector<SegmentRange> there;
    std::uint64_t first, last;
    std::string missing;
  };
  const Row rows[] = {
      {ranges({{1, 5, 9}, {2, 10, 11}, {3, 12, 20}}), 5, 20, ""},
      {ranges({{1, 5, 9}, {2, 10, 11}, {3, 12, 20}}), 4, 22, "1:4-4 3:21-22"},
      {ranges({{1, 5, 9}, {3, 12, 20}}), 5, 20, "2:10-11"},
      // The ancestor's own segment of that number does not help.
      {ranges({{1, 5, 11}, {2, 11, 14}, {3, 13, 20}}), 5, 20, "2:10-10 3:12-12"},
      {ranges({{1, 5, 6}, {1, 8, 9}, {2, 10, 11}, {3, 12, 20}}), 5, 20, "1:7-7"},
      {{}, 9, 12, "1:9-9 2:10-11 3:12-12"},
      {ranges({{4, 0, 100}}), 12, 12, "3:12-12"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.missing);
    CHECK(text(missing_on(path, row.there, row.first, row.last)) == row.missing);
  }
}

TEST_CASE("holes of an archive are found from names alone") {
  struct Row {
    std::string_view what;
    std::vector<SegmentRange> there;
    std::string gaps;
  };
  const Row rows[] = {
      {"nothing", {}, ""},
      {"one range", ranges({{1, 100, 200}}), ""},
      {"a hole", ranges({{1, 100, 110}, {1, 112, 200}}), "1:111-111"},
      {"two holes", ranges({{1, 1, 2}, {1, 4, 5}, {1, 9, 9}}), "1:3-3 1:6-8"},
      {"one timeline into the next", ranges({{1, 5, 9}, {2, 10, 30}}), ""},
      {"the parent went on for a while", ranges({{1, 5, 14}, {2, 10, 30}}), ""},
      {"a hole in what the parent wrote alone", ranges({{1, 5, 12}, {1, 14, 14}, {2, 10, 30}}), "1:13-13"},
      {"the parent's last segment", ranges({{1, 5, 8}, {2, 10, 30}}), "1:9-9"},
      {"the child's first segment", ranges({{1, 5, 9}, {2, 11, 30}}), "2:10-10"},
      {"both", ranges({{1, 5, 7}, {2, 12, 30}}), "1:8-9 2:10-11"},
      {"the parent's WAL was removed by retention", ranges({{2, 15, 30}}), ""},
      {"retention stopped at the switch", ranges({{2, 10, 30}}), ""},
      {"a switch that the parent's WAL is younger than", ranges({{1, 11, 12}, {2, 13, 30}}), "2:11-12"},
      {"three timelines", ranges({{1, 5, 9}, {2, 10, 11}, {3, 12, 20}}), ""},
      {"the middle one is gone", ranges({{1, 5, 9}, {3, 12, 20}}), "2:10-11"},
      {"the branch that was left long ago", ranges({{1, 2, 9}, {2, 10, 30}, {4, 5, 6}}), ""},
      {"and its first segment", ranges({{1, 2, 9}, {2, 10, 30}, {4, 6, 6}}), "4:5-5"},
      {"a timeline without a history", ranges({{1, 2, 9}, {7, 30, 31}, {7, 33, 33}}), "7:32-32"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    CHECK(text(find_gaps(row.there, histories, size)) == row.gaps);
  }
}

TEST_CASE("an ancestor is on the way up to where it or any later one was left") {
  struct Row {
    std::string_view what;
    std::vector<TimelineSwitch> ancestors;  // of timeline 4
    std::string ranges;
  };
  const Row rows[] = {
      {"one", {left(1, 10)}, "1:0-9 4:10"},
      {"each later", {left(1, 10), left(3, 12)}, "1:0-9 3:10-11 4:12"},
      {"2 was left before it had left 1", {left(1, 10), left(2, 7)}, "1:0-6 4:7"},
      {"3 before 2 had left 1", {left(1, 10), left(2, 12), left(3, 7)}, "1:0-6 4:7"},
      {"2 before 1, 3 behind", {left(1, 10), left(2, 7), left(3, 12)}, "1:0-6 3:7-11 4:12"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    auto found = segments_on(timeline_path(Timeline{4}, row.ancestors), size);
    REQUIRE(found.back().last == UINT64_MAX);
    found.back().last = found.back().first;
    const std::string last = fmt::format("{}-{}", found.back().first, found.back().first);
    std::string told = text(found);
    told.resize(told.size() - last.size());
    CHECK(told + std::to_string(found.back().first) == row.ranges);
  }
  // By the byte: who was left there is not read behind it.
  const auto path =
      timeline_path(Timeline{3}, std::vector<TimelineSwitch>{{Timeline{1}, {900}}, {Timeline{2}, {400}}});
  REQUIRE(path.size() == 3);
  CHECK(path[0].end == Lsn{400});
  CHECK(path[1].begin == path[1].end);
  CHECK(path[2].begin == Lsn{400});
}

TEST_CASE("the segment in which a timeline begins is read from that timeline") {
  const TimelinePath path = timeline_path(Timeline{3}, histories);
  CHECK(timeline_on(path, {9 * size.bytes()}, size) == Timeline{1});
  CHECK(timeline_on(path, {10 * size.bytes()}, size) == Timeline{2});
  CHECK(timeline_on(path, {11 * size.bytes() + 5}, size) == Timeline{2});
  CHECK(timeline_on(path, {12 * size.bytes()}, size) == Timeline{3});
}

TEST_CASE("WAL goes on over the timelines to the first segment that is missing") {
  const TimelinePath path = timeline_path(Timeline{3}, histories);
  struct Row {
    std::string_view what;
    std::vector<SegmentRange> there;
    std::string told;  // segments, last, missing, later, and the end as segment+offset
  };
  const Row rows[] = {
      {"all", ranges({{1, 5, 10}, {2, 10, 11}, {3, 12, 13}}), "9 3:13 3:14 - 14+0"},
      {"nothing", {}, "0 - 1:5 - 5+40"},
      {"not the first", ranges({{1, 6, 9}}), "0 - 1:5 1:6 5+40"},
      {"a hole before the next timeline", ranges({{1, 5, 9}, {2, 10, 10}, {3, 12, 13}}),
       "6 2:10 2:11 3:12 11+0"},
      // What the old primary went on writing is beside the way.
      {"the parent went on", ranges({{1, 5, 9}, {1, 11, 20}}), "5 1:9 2:10 - 10+0"},
      {"its copy reaches to where it was left", ranges({{1, 5, 20}}), "5 1:9 2:10 - 10+4000"},
      {"and behind it is a hole", ranges({{1, 5, 20}, {2, 11, 11}}), "5 1:9 2:10 2:11 10+4000"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    const auto key = [](const std::optional<SegmentKey>& one) {
      return one ? fmt::format("{}:{}", number(one->timeline), one->number) : "-";
    };
    const Coverage wal = coverage(path, row.there, {5 * size.bytes() + 40}, {}, size);
    CHECK(fmt::format("{} {} {} {} {}+{}", wal.segments, key(wal.last), key(wal.missing), key(wal.later),
                      wal.end.value / size.bytes(), wal.end.value % size.bytes()) == row.told);
  }
  CHECK(text(coverage(path, {}, {5 * size.bytes()}, {7 * size.bytes()}, size).holes) == "1:5-6");
}

TEST_CASE("behind a segment come the timelines of every way that leads over it") {
  const auto behind = [](std::uint32_t timeline, std::uint64_t number) {
    auto ways = ways_on({Timeline{timeline}, number}, histories, size);
    for (SegmentRange& way : ways) {
      if (way.last == UINT64_MAX) way.last = 99;
    }
    return text(ways);
  };
  CHECK(behind(1, 4) == "2:10-99 3:12-99 4:5-99");
  // The segment of the switch itself is on both sides of it.
  CHECK(behind(1, 5) == "2:10-99 3:12-99 4:5-99");
  CHECK(behind(1, 6) == "2:10-99 3:12-99");
  CHECK(behind(1, 11) == "");
  CHECK(behind(2, 11) == "3:12-99");
  CHECK(behind(3, 50) == "");
  CHECK(behind(7, 1) == "");
}
