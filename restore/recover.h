#pragma once

#include <string>
#include <vector>

#include "common/log.h"
#include "common/options.h"
#include "restore/recovery_config.h"
#include "restore/recovery_target.h"
#include "restore/tablespaces.h"

namespace pitr {

struct RecoverOptions {
  std::string backup_directory;
  std::string backup;  // "" for the newest that reaches the target
  std::vector<Place> sources;
  std::string data_directory;
  RecoveryTarget target;
  bool search = true;
  std::string bindir;
  std::size_t workers = 1;
  TablespaceMapping mapping;
  bool bundled_wal = true;   // --no-wal: not
  bool archived_wal = true;  // --only-wal: not
  Purpose purpose = Purpose::clone;
  bool standby = false;
  std::string primary_conninfo;
  bool group_readable = false;
  bool start = false;
  bool isolated = false;
  std::string socket_directory;  // of an isolated server; "" for one in the data directory
};

// Prints what would be done, and whether the target can be reached.
Exit show_plan(const RecoverOptions& options, Log& log);

// Lays the backup out and sets recovery up.
Exit recover(const RecoverOptions& options, Log& log);

}  // namespace pitr
