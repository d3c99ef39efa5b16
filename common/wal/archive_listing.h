#pragma once

#include <string>
#include <vector>

#include "common/postgres/control_file.h"
#include "common/store/store.h"
#include "common/wal/coverage.h"
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
  std::vector<SegmentRange> gaps = {};  // each was looked up by its names once more
  std::vector<SegmentKey> twice = {};   // stored in more than one codec
  // A name that cannot exist, or a history that is missing, damaged, or does not fit to the others.
  struct Fault {
    enum class Kind { damaged, missing, unknown } kind;
    std::string path;
    std::string reason;
  };
  std::vector<Fault> faults = {};
};

// Reads the directory once, and history files. Throws when the place is no archive or cannot be read.
ArchiveListing list_archive(Store& store);

}  // namespace pitr
