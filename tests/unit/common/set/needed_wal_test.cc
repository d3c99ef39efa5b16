#include "common/set/needed_wal.h"

#include <doctest/doctest.h>

#include "common/store/place.h"
#include "tests/unit/scratch.h"

using namespace pitr;

namespace {

const SegmentSize size = *SegmentSize::of(16 << 20);
constexpr std::time_t now = 1800000000;

// Of timeline 1, from the middle of one segment to the middle of another.
BackupSet set_of(const std::string& name, std::uint64_t first, std::uint64_t last) {
  Meta meta =
      parse_meta("Min-Xlog: 000000010000000000000007\nStarted-epoch: 1\nTimezone: UTC\nHostname: db1\n");
  meta.segment_size = size;
  meta.start = {first * size.bytes() + 40};
  meta.stop = {last * size.bytes() + 300};
  meta.start_timeline = meta.stop_timeline = Timeline{1};
  return {name, *Name::parse(name), {}, {}, {}, meta, {}};
}

SegmentRange range(std::uint64_t first, std::uint64_t last, std::uint32_t timeline = 1) {
  return {Timeline{timeline}, first, last};
}

}  // namespace

TEST_CASE("a set needs its own WAL, and all that follows unless it is pinned for its consistency") {
  const Meta meta = set_of("a", 7, 8).meta;
  struct Row {
    SegmentRange range;
    bool all, consistency;
  };
  const Row rows[] = {
      {range(1, 6), false, false},    {range(5, 7), true, true},      {range(8, 8), true, true},
      {range(8, 20), true, true},     {range(9, 20), true, false},    {range(7, 7, 2), true, false},
      {range(1, 6, 2), false, false}, {range(100, 200), true, false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.range.first);
    CHECK(needed_wal(meta, Pin::none).needs(row.range) == row.all);
    CHECK(needed_wal(meta, Pin::all).needs(row.range) == row.all);
    CHECK(needed_wal(meta, Pin::consistency).needs(row.range) == row.consistency);
  }
  // A stop at the first byte of a segment.
  Meta at_border = meta;
  at_border.stop = {8 * size.bytes()};
  CHECK_FALSE(needed_wal(at_border, Pin::consistency).needs(range(8, 8)));
}

TEST_CASE("what the sets of a cluster need together") {
  const Scratch scratch;
  const auto store = open_store((scratch / "").native(), {});
  Catalog catalog;
  CHECK(is_needed(range(1, 1), needed_wal(*store, catalog, now)));  // nobody says that it is not
  catalog.complete = {set_of("old", 7, 8), set_of("new", 20, 21)};
  scratch.write("old.pin", "Wal: consistency\n");
  CHECK(is_needed(range(8, 8), needed_wal(*store, catalog, now)));
  CHECK_FALSE(is_needed(range(9, 19), needed_wal(*store, catalog, now)));
  CHECK(is_needed(range(9, 20), needed_wal(*store, catalog, now)));
  CHECK(is_needed(range(30, 31), needed_wal(*store, catalog, now)));
  // Expired, it pins nothing.
  scratch.write("old.pin", "Wal: consistency\nUntil: 2001-01-01T00:00:00Z\n");
  CHECK(is_needed(range(9, 19), needed_wal(*store, catalog, now)));
  // The newest backup is recovered to the end, pinned or not.
  scratch.write("new.pin", "Wal: consistency\n");
  CHECK(is_needed(range(30, 31), needed_wal(*store, catalog, now)));
  // A damaged one may get its files back.
  catalog.complete = {set_of("new", 20, 21)};
  catalog.damaged = {set_of("lost", 7, 8)};
  CHECK(is_needed(range(7, 7), needed_wal(*store, catalog, now)));
  CHECK_FALSE(is_needed(range(9, 19), needed_wal(*store, catalog, now)));
  catalog.unreadable.push_back({"x", *Name::parse("x"), "why", Exit::damaged});
  CHECK(is_needed(range(1, 1), needed_wal(*store, catalog, now)));
}
