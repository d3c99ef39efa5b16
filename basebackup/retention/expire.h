#pragma once

#include <string>
#include <vector>

#include "basebackup/retention/retention.h"
#include "basebackup/retention/set_removal.h"
#include "common/cli/log.h"
#include "common/cli/options.h"

namespace pitr {

struct ExpireOptions {
  std::string backup_directory;
  std::vector<Place> archives;
  RetentionRules rules;
  SetRemoval::Pace pace;
  bool explain = false;  // print why each set and the WAL stays or goes
  bool dry_run = false;  // the same, and remove nothing
};

// Removes the backups that no rule keeps, and the WAL before the first that a kept one needs. Backups of
// several clusters in one directory are judged apart. False: there is a damaged set, or none at all.
bool expire(const ExpireOptions& options, Log& log);

}  // namespace pitr
