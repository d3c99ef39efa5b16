#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/cli/log.h"
#include "common/cli/options.h"
#include "common/set/backup_catalog.h"
#include "common/wal/coverage.h"
#include "restore/recover/recovery_target.h"
#include "restore/recover/set_contents.h"

namespace pitr {

enum class Reach { yes, no, unknown };

// From which backup, along which timelines and by which WAL the target is reached; or why not.
struct Plan {
  BackupSet set;
  SetContents contents;
  TimelinePath path;
  Coverage wal;
  Reach reach;
  std::string reason;     // of `no` and `unknown`
  RecoveryTarget target;  // what was asked for, on the timeline on which it lies, and out of a DROP DATABASE
  std::string moved;      // why it is another one; "" when it is not
};

struct PlanRequest {
  std::string backup;  // "" for the newest that reaches the target
  std::vector<Place> sources;
  bool bundled_wal = true;                  // what is in the backup counts
  std::vector<WalName> rescued;             // WAL of the old data directory that no source holds
  std::filesystem::path rescued_directory;  // where it lies
  std::map<Timeline, std::string> rescued_histories;
  RecoveryTarget target;
  bool search = true;  // in the WAL, where names and LSNs do not decide
};

// Keeps the set from being removed while it is read, until the result is closed; no Fd where there are no
// locks.
Fd hold_for_reading(Store& store, const BackupSet& set);

// Throws usage when there is no backup, damaged when the chosen one cannot be read.
Plan make_plan(Store& store, const Catalog& catalog, const PlanRequest& request, Log& log);

}  // namespace pitr
