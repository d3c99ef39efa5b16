#pragma once

#include <ctime>
#include <optional>
#include <vector>

#include "common/set/backup_meta.h"
#include "common/wal/coverage.h"

namespace pitr {

// To which points a backup can be recovered on one timeline.
struct ReachableSpan {
  Timeline timeline;
  Lsn from;                              // the stop of the backup: before it nothing is consistent
  std::optional<Lsn> to = {};            // end of the last WAL without a hole; null: not even to `from`
  std::optional<SegmentKey> last = {};   // the segment that ends there
  std::vector<SegmentRange> holes = {};  // up to the newest WAL on the way to this timeline
};

// Does recovery along `path`, with the WAL of `wal` from the backup's start on, come to the backup's stop?
enum class Consistency { reached, other_branch, left_before_stop, wal_missing };
Consistency consistency(const Meta& meta, const TimelinePath& path, const Coverage& wal);

// `there`: the WAL of the archives and of the set itself. One entry for the backup's own timeline and for
// each one that left it after its stop.
std::vector<ReachableSpan> reach_of(const Meta& meta, const std::vector<SegmentRange>& there,
                                    const Histories& histories);

}  // namespace pitr
