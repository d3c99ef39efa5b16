#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/postgres/wal.h"
#include "common/store/place.h"
#include "common/store/store.h"

namespace pitr {

// Which WAL can be had, by names alone: one listing per source.
class WalMap {
 public:
  explicit WalMap(SegmentSize size) : size_(size) {}
  void add(Store& store, const Place& source);
  void add(const WalName& name);

  SegmentSize segment_size() const { return size_; }
  bool has_segment(Timeline timeline, Lsn lsn) const;  // the one that holds `lsn`
  bool has_history(Timeline timeline) const { return histories_.contains(timeline); }
  // The first segment of the timeline that begins at or after `lsn`.
  std::optional<WalName> first_from(Timeline timeline, Lsn lsn) const;

 private:
  SegmentSize size_;
  std::map<Timeline, std::set<std::uint64_t>> segments_;  // by number
  std::set<Timeline> histories_;
};

// One timeline of the way that recovery goes: its WAL counts from `begin` to before `end`.
struct TimelineSpan {
  Timeline timeline;
  Lsn begin, end;
};
// The oldest first; the last one is the target's and has no end (all bits set).
using TimelinePath = std::vector<TimelineSpan>;
// From the text of the target timeline's history file; "" for one without ancestors.
TimelinePath timeline_path(Timeline target, const std::string& history);

// How far the WAL goes on from `start` without a hole.
struct Coverage {
  Lsn end;                         // the first byte that is not there
  WalName last;                    // the last segment that is there
  std::optional<WalName> missing;  // the first that is not; null: never
  std::optional<WalName> later;    // one behind the hole: then it is a hole and not the end
  std::size_t segments = 0;
};
Coverage coverage(const WalMap& map, const TimelinePath& path, Lsn start);

// The file that PostgreSQL reads for `lsn` on this path.
WalName segment_on(const TimelinePath& path, Lsn lsn, SegmentSize size);

}  // namespace pitr
