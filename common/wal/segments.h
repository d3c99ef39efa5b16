#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "common/postgres/timeline_history.h"
#include "common/postgres/wal.h"

namespace pitr {

// WAL as rows of numbered segments: number 7 of 16 MB begins at 0/7000000. Everything here is arithmetic: it
// needs the names of what is there, and nothing else.

struct SegmentKey {
  Timeline timeline;
  std::uint64_t number;
  auto operator<=>(const SegmentKey&) const = default;
};
SegmentKey segment_key(Timeline timeline, Lsn lsn, SegmentSize size);  // of the segment that holds `lsn`
WalName segment_name(const SegmentKey& key, SegmentSize size);

// Segments of one timeline, without a hole; both ends belong to it.
struct SegmentRange {
  Timeline timeline;
  std::uint64_t first, last;
  std::uint64_t count() const { return last - first + 1; }
  auto operator<=>(const SegmentRange&) const = default;
};
// `keys` need not be sorted; one may be there twice.
std::vector<SegmentRange> ranges_of(const std::vector<SegmentKey>& keys);
// The same for ranges that may overlap.
std::vector<SegmentRange> united(std::vector<SegmentRange> ranges);

// Where each timeline came from, as its history file tells.
using Histories = std::map<Timeline, std::vector<TimelineSwitch>>;

// The timelines that recovery to `target` goes through, the oldest first; a segment is read from the last one
// that has begun by then. `last` of the target has no bound.
std::vector<SegmentRange> path_to(Timeline target, const Histories& histories, SegmentSize size);

// What is missing of the path between the segments `first` and `last`.
std::vector<SegmentRange> missing_on(const std::vector<SegmentRange>& path,
                                     const std::vector<SegmentRange>& there, std::uint64_t first,
                                     std::uint64_t last);
// The last segment of the path that is there; null: none from `first` on.
std::optional<SegmentKey> last_on(const std::vector<SegmentRange>& path,
                                  const std::vector<SegmentRange>& there, std::uint64_t first);

// Every hole in what is there: within a timeline, and on the way from each timeline into the next. What was
// removed from the oldest end is no hole.
std::vector<SegmentRange> find_gaps(const std::vector<SegmentRange>& there, const Histories& histories,
                                    SegmentSize size);

}  // namespace pitr
