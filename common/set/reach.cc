#include "common/set/reach.h"

#include <algorithm>

namespace pitr {

Consistency consistency(const Meta& meta, const TimelinePath& path, const Coverage& wal) {
  const auto own = std::ranges::find(path, meta.stop_timeline, &TimelineSpan::timeline);
  if (own == path.end()) return Consistency::other_branch;
  if (own->end < meta.stop) return Consistency::left_before_stop;
  return wal.last && wal.end >= meta.stop ? Consistency::reached : Consistency::wal_missing;
}

std::vector<ReachableSpan> reach_of(const Meta& meta, const std::vector<SegmentRange>& there,
                                    const Histories& histories) {
  std::vector<ReachableSpan> result;
  const auto add = [&](Timeline timeline) {
    const TimelinePath path = timeline_path(timeline, histories);
    Coverage wal = coverage(path, there, meta.start, meta.stop, meta.segment_size);
    const Consistency consistent = consistency(meta, path, wal);
    if (consistent == Consistency::other_branch || consistent == Consistency::left_before_stop) return;
    ReachableSpan reach{.timeline = timeline, .from = meta.stop, .holes = std::move(wal.holes)};
    if (consistent == Consistency::reached) {
      reach.to = wal.end;
      reach.last = wal.last;
    }
    result.push_back(std::move(reach));
  };
  add(meta.stop_timeline);
  for (const auto& [timeline, history] : histories) {
    const bool has_wal = std::ranges::find(there, timeline, &SegmentRange::timeline) != there.end();
    if (timeline != meta.stop_timeline && has_wal) add(timeline);
  }
  return result;
}

}  // namespace pitr
