#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/postgres/control_file.h"
#include "common/wal/finding.h"
#include "common/wal/segments.h"
#include "common/wal/stored_name.h"

namespace pitr {

// What one reading of an archive's names tells, and its history files. A segment takes 24 bytes.
struct ArchiveListing {
  std::string place;
  ClusterIdentity identity;
  struct Stored {
    SegmentKey key;
    Codec codec;
    auto operator<=>(const Stored&) const = default;
  };
  std::vector<Stored> segments = {};    // sorted
  std::vector<StoredName> others = {};  // .history, .backup and .partial files
  Histories histories = {};             // those that can be read
  std::vector<SegmentRange> ranges = {};
  std::vector<SegmentRange> gaps = {};
};

// Reads the directory once, and history files. Throws when the place is no archive or cannot be read. Holes
// and histories that do not fit become findings; a hole that ends before the segment `needed_from` has no
// backup that needs it, and is a note.
ArchiveListing list_archive(Store& store, std::optional<std::uint64_t> needed_from, Findings& findings);

}  // namespace pitr
