#pragma once

#include <ctime>
#include <optional>
#include <vector>

#include "common/set/backup_catalog.h"
#include "common/set/backup_pin.h"
#include "common/wal/coverage.h"

namespace pitr {

// Which WAL a backup set needs.
struct NeededWal {
  SegmentKey first, last;  // from its start to its stop: without it nothing is consistent
  bool and_later = true;   // and all that follows: recovery to any later moment
  bool needs(const SegmentRange& range) const;  // a part of it
};
NeededWal needed_wal(const Meta& meta, Pin pin);

// What all sets of one cluster (of_cluster()) need; null: one of them cannot be read, and may need any. A set
// that is pinned for its consistency, and one that is damaged, need their own; the newest one always needs
// all that follows. pitr-expire may keep more: for a lease, and for a pinned set that one of its rules keeps.
std::optional<std::vector<NeededWal>> needed_wal(Store& backups, const Catalog& catalog, std::time_t now);
bool is_needed(const SegmentRange& range, const std::optional<std::vector<NeededWal>>& needed);

}  // namespace pitr
