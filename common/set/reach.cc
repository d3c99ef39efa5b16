#include "common/set/reach.h"

#include <algorithm>

namespace pitr {
namespace {

// Does the way to `target` lead over the backup's stop?
bool leads_over(const Meta& meta, Timeline target, const Histories& histories) {
  const auto history = histories.find(target);
  if (target == meta.stop_timeline) return true;
  if (history == histories.end()) return false;
  const auto left = std::ranges::find(history->second, meta.stop_timeline, &TimelineSwitch::timeline);
  return left != history->second.end() && left->end >= meta.stop;
}

ReachableSpan reach_on(Timeline target, const Meta& meta, const std::vector<SegmentRange>& there,
                       const Histories& histories) {
  const SegmentSize size = meta.segment_size;
  ReachableSpan reach{.timeline = target, .from = meta.stop};
  const auto path = path_to(target, histories, size);
  const std::uint64_t first = segment_key(meta.start_timeline, meta.start, size).number;
  // A stop exactly at a segment's first byte needs nothing of that segment.
  const std::uint64_t consistent =
      std::max(first, (std::max<std::uint64_t>(meta.stop.value, 1) - 1) / size.bytes());
  const auto newest = last_on(path, there, first);
  const std::uint64_t last = std::max(consistent, newest ? newest->number : 0);
  reach.holes = missing_on(path, there, first, last);
  const std::uint64_t end = reach.holes.empty() ? last + 1 : reach.holes.front().first;
  if (end <= consistent) return reach;
  reach.to = Lsn{end * size.bytes()};
  for (const SegmentRange& stretch : path) {
    if (stretch.first <= end - 1 && end - 1 <= stretch.last)
      reach.last = SegmentKey{stretch.timeline, end - 1};
  }
  return reach;
}

}  // namespace

std::vector<ReachableSpan> reach_of(const Meta& meta, const std::vector<SegmentRange>& there,
                                    const Histories& histories) {
  std::vector<ReachableSpan> result = {reach_on(meta.stop_timeline, meta, there, histories)};
  for (const auto& [timeline, history] : histories) {
    if (timeline == meta.stop_timeline || !leads_over(meta, timeline, histories)) continue;
    const bool has_wal = std::ranges::find(there, timeline, &SegmentRange::timeline) != there.end();
    if (has_wal) result.push_back(reach_on(timeline, meta, there, histories));
  }
  return result;
}

}  // namespace pitr
