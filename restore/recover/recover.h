#pragma once

#include <string>
#include <vector>

#include "common/cli/log.h"
#include "common/cli/options.h"
#include "common/cli/pace.h"
#include "restore/recover/recovery_config.h"
#include "restore/recover/recovery_target.h"
#include "restore/recover/set_config.h"
#include "restore/recover/tablespaces.h"

namespace pitr {

struct RecoverOptions {
  Place backups;
  Remote remote;       // how places on other hosts are reached
  std::string backup;  // "" for the newest that reaches the target
  std::vector<Place> sources;
  std::string data_directory;
  RecoveryTarget target;
  bool search = true;
  std::string bindir;
  std::size_t workers = 1;
  TablespaceMapping mapping;
  bool bundled_wal = true;  // --no-wal: not
  bool delta = false;       // the directory is what a stopped cluster left behind
  std::string rescue_wal;   // an old data directory whose unarchived WAL is wanted; --delta: the same one
  std::string rescue_directory;  // "" for one beside the data directory
  Purpose purpose = Purpose::clone;
  bool standby = false;
  std::string primary_conninfo;
  std::string slot;
  ConfigMode config = ConfigMode::print;
  bool group_readable = false;
  int lease_hours = 48;
  bool start = false;
  bool isolated = false;
  std::string socket_directory;  // of an isolated server; "" for one in the data directory
  PaceOptions pace;
};

// Prints what would be done, and whether the target can be reached.
Exit show_plan(const RecoverOptions& options, Log& log);

// Lays the backup out and sets recovery up; with `start`, until the target is reached.
Exit recover(const RecoverOptions& options, Log& log);

// Ends the lease of the backup, or of every one that `data_directory` recovers from.
Exit release(const RecoverOptions& options, Log& log);

}  // namespace pitr
