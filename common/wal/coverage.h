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

bool is_there(const SegmentKey& key, const std::vector<SegmentRange>& there);

// Where each timeline came from, as its history file tells.
using Histories = std::map<Timeline, std::vector<TimelineSwitch>>;

// One timeline of the way that recovery goes: its WAL counts from `begin` to before `end`.
struct TimelineSpan {
  Timeline timeline;
  Lsn begin, end;
};
// The oldest first; the last one is the target's and has no end (all bits set). What an ancestor had behind
// the point at which any later one was left is not on the way: its end is the smallest of its own and all
// later ones.
using TimelinePath = std::vector<TimelineSpan>;
TimelinePath timeline_path(Timeline target, const std::vector<TimelineSwitch>& ancestors);
// A target whose history is not there has no ancestors that are known.
TimelinePath timeline_path(Timeline target, const Histories& histories);

// The timeline that is read for `lsn`: the segment in which a timeline begins is read from that timeline.
Timeline timeline_on(const TimelinePath& path, Lsn lsn, SegmentSize size);
// The segments of the path, timeline by timeline. `last` of the target has no bound.
std::vector<SegmentRange> segments_on(const TimelinePath& path, SegmentSize size);

// What is missing of the path between the segments `first` and `last`.
std::vector<SegmentRange> missing_on(const std::vector<SegmentRange>& path,
                                     const std::vector<SegmentRange>& there, std::uint64_t first,
                                     std::uint64_t last);
// The last segment of the path that is there; null: none from `first` on.
std::optional<SegmentKey> last_on(const std::vector<SegmentRange>& path,
                                  const std::vector<SegmentRange>& there, std::uint64_t first);

// How far WAL goes on from a point without a hole.
struct Coverage {
  Lsn end;                               // the first byte that is not there
  std::optional<SegmentKey> last = {};   // the last segment before it; null: not even the first is there
  std::uint64_t segments = 0;            // so many
  SegmentKey missing = {};               // the first that is not there
  std::optional<SegmentKey> later = {};  // the first one behind it: then it is a hole and not the end
  std::vector<SegmentRange> holes = {};  // up to the newest that is there, and up to `needed`
};
// From the segment of `start` on; it has to come to `needed` at least.
Coverage coverage(const TimelinePath& path, const std::vector<SegmentRange>& there, Lsn start, Lsn needed,
                  SegmentSize size);

// What recovery that follows one of `followed` reads of other timelines once it is through with the timeline
// of `key`, when `key` is on its way.
std::vector<SegmentRange> ways_on(const SegmentKey& key, const Histories& followed, SegmentSize size);

// Every hole in what is there: within a timeline, and on the way from each timeline into the next. What was
// removed from the oldest end is no hole.
std::vector<SegmentRange> find_gaps(const std::vector<SegmentRange>& there, const Histories& histories,
                                    SegmentSize size);

}  // namespace pitr
