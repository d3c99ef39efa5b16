#include "common/set/needed_wal.h"

#include <algorithm>

namespace pitr {

bool NeededWal::needs(const SegmentRange& range) const {
  if (and_later) return range.last >= first.number;
  const bool is_of_its_timelines = range.timeline >= first.timeline && range.timeline <= last.timeline;
  return is_of_its_timelines && range.first <= last.number && range.last >= first.number;
}

NeededWal needed_wal(const Meta& meta, Pin pin) {
  // A stop exactly at a segment's first byte needs nothing of that segment.
  const Lsn last{std::max(meta.stop.value, meta.start.value + 1) - 1};
  return {segment_key(meta.start_timeline, meta.start, meta.segment_size),
          segment_key(meta.stop_timeline, last, meta.segment_size), pin != Pin::consistency};
}

std::optional<std::vector<NeededWal>> needed_wal(Store& backups, const Catalog& catalog, std::time_t now) {
  if (!catalog.unreadable.empty()) return std::nullopt;
  std::vector<NeededWal> needed;
  for (const BackupSet& set : catalog.complete) {
    const bool is_newest = &set == &catalog.complete.back();
    needed.push_back(needed_wal(set.meta, is_newest ? Pin::none : pin_of(backups, set.name, now)));
  }
  for (const BackupSet& set : catalog.waiting) needed.push_back(needed_wal(set.meta, Pin::none));
  for (const BackupSet& set : catalog.damaged) needed.push_back(needed_wal(set.meta, Pin::consistency));
  return needed;
}

bool is_needed(const SegmentRange& range, const std::optional<std::vector<NeededWal>>& needed) {
  return !needed || needed->empty() ||
         std::ranges::any_of(*needed, [&](const NeededWal& wal) { return wal.needs(range); });
}

}  // namespace pitr
