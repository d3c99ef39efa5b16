#include "restore/recover/wal_map.h"

#include <doctest/doctest.h>

#include "tests/unit/scratch.h"

using namespace pitr;

namespace {

const SegmentSize size = *SegmentSize::of(16 << 20);
constexpr std::uint64_t segment = 16 << 20;

}  // namespace

TEST_CASE("the WAL of a source is known by names, in whatever codec") {
  const Scratch scratch;
  for (const char* file : {"000000010000000000000004", "000000010000000000000005.zst",
                           "000000020000000000000007.gz", "00000002.history", "00000003.history.zst",
                           "000000010000000000000006.partial", "000000010000000000000008.foreign",
                           "00000004.history.foreign", "0000000100000000000000FF.zst.tmp.0"}) {
    scratch.write(file, "");
  }
  WalMap map(size);
  map.add(*open_store((scratch / "").native(), {}), parse_place((scratch / "").native()));
  CHECK(map.ranges() == std::vector<SegmentRange>{{Timeline{1}, 4, 5}, {Timeline{2}, 7, 7}});
  CHECK(map.has_segment(Timeline{1}, Lsn{5 * segment + 1}));
  CHECK_FALSE(map.has_segment(Timeline{1}, Lsn{6 * segment}));
  CHECK(map.has_history(Timeline{2}));
  CHECK(map.has_history(Timeline{3}));
  CHECK_FALSE(map.has_history(Timeline{4}));
}

TEST_CASE("a source that is narrowed to a codec has what is stored in it") {
  const Scratch scratch;
  scratch.write("000000010000000000000004.gz", "");
  scratch.write("000000010000000000000005.zst", "");
  WalMap map(size);
  map.add(*open_store((scratch / "").native(), {}), parse_place("zstd=" + (scratch / "").native()));
  CHECK(map.ranges() == std::vector<SegmentRange>{{Timeline{1}, 5, 5}});
}
