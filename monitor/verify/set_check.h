#pragma once

#include <vector>

#include "common/set/backup_catalog.h"
#include "common/wal/coverage.h"
#include "monitor/verify/finding.h"
#include "monitor/verify/stored_file.h"

namespace pitr {

struct SetCheckOptions {
  bool quick = false;  // names, sizes and states: no data is read
  Sample sample;
  std::size_t workers = 1;
};

// Checks all the files of a set, one against the other. Returns the segments that it has bundled.
std::vector<SegmentKey> check_set(Store& store, const BackupSet& set, const SetCheckOptions& options,
                                  Findings& findings);

}  // namespace pitr
