#pragma once

#include <set>
#include <vector>

#include "common/store/place.h"
#include "common/store/store.h"
#include "common/wal/coverage.h"

namespace pitr {

// Which WAL can be had, by names alone: one listing per source.
class WalMap {
 public:
  explicit WalMap(SegmentSize size) : size_(size) {}
  void add(Store& store, const Place& source);
  void add(const WalName& name);

  std::vector<SegmentRange> ranges() const { return ranges_of({segments_.begin(), segments_.end()}); }
  bool has_segment(Timeline timeline, Lsn lsn) const {  // the one that holds `lsn`
    return segments_.contains(segment_key(timeline, lsn, size_));
  }
  bool has_history(Timeline timeline) const { return histories_.contains(timeline); }

 private:
  SegmentSize size_;
  std::set<SegmentKey> segments_;
  std::set<Timeline> histories_;
};

}  // namespace pitr
