#include "restore/recover/wal_map.h"

#include <limits>

#include <doctest/doctest.h>

using namespace pitr;

namespace {

const SegmentSize size = *SegmentSize::of(16 << 20);

WalMap map_of(std::initializer_list<const char*> names) {
  WalMap map(size);
  for (const char* name : names) map.add(*WalName::parse(name));
  return map;
}

// Timeline 2 begins in the middle of segment 5, timeline 3 at the first byte of segment 7.
const TimelinePath path = timeline_path(Timeline{3}, "1\t0/5800000\tbefore 2\n2\t0/7000000\tbefore 3\n");

}  // namespace

TEST_CASE("a history tells the way of recovery") {
  REQUIRE(path.size() == 3);
  CHECK(path[1].timeline == Timeline{2});
  CHECK(path[1].begin == Lsn{0x5800000});
  CHECK(path[1].end == Lsn{0x7000000});
  CHECK(path[2].end.value == std::numeric_limits<std::uint64_t>::max());
  CHECK(timeline_path(Timeline{1}, "").size() == 1);
}

TEST_CASE("the segment in which a timeline begins is read from that timeline") {
  CHECK(segment_on(path, Lsn{0x4000000}, size).text() == "000000010000000000000004");
  CHECK(segment_on(path, Lsn{0x5000000}, size).text() == "000000020000000000000005");
  CHECK(segment_on(path, Lsn{0x6FFFFFF}, size).text() == "000000020000000000000006");
  CHECK(segment_on(path, Lsn{0x7000000}, size).text() == "000000030000000000000007");
}

TEST_CASE("coverage goes over the timelines to the first segment that is missing") {
  const WalMap map =
      map_of({"000000010000000000000004", "000000010000000000000005", "000000010000000000000006",
              "000000020000000000000005", "000000020000000000000006", "000000030000000000000007"});
  const Coverage all = coverage(map, path, Lsn{0x4000028});
  CHECK(all.end == Lsn{0x8000000});
  CHECK(all.last.text() == "000000030000000000000007");
  CHECK(all.missing->text() == "000000030000000000000008");
  CHECK_FALSE(all.later);
  CHECK(all.segments == 4);
}

TEST_CASE("a later segment on the way makes a hole of what is missing; one beside the way does not") {
  const Coverage hole =
      coverage(map_of({"000000010000000000000004", "000000020000000000000005", "000000030000000000000007"}),
               path, Lsn{0x4000028});
  CHECK(hole.missing->text() == "000000020000000000000006");
  CHECK(hole.later->text() == "000000030000000000000007");
  CHECK(hole.end == Lsn{0x6000000});
  // What the old primary went on writing on timeline 1.
  const Coverage end =
      coverage(map_of({"000000010000000000000004", "000000010000000000000006", "000000010000000000000009"}),
               path, Lsn{0x4000028});
  CHECK(end.missing->text() == "000000020000000000000005");
  CHECK_FALSE(end.later);
}

TEST_CASE("the parent's copy of the segment reaches to where the timeline was left") {
  const Coverage parent =
      coverage(map_of({"000000010000000000000004", "000000010000000000000005"}), path, Lsn{0x4000028});
  CHECK(parent.end == Lsn{0x5800000});
  const Coverage none = coverage(map_of({}), path, Lsn{0x4000028});
  CHECK(none.segments == 0);
  CHECK(none.missing->text() == "000000010000000000000004");
}
