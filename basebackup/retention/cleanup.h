#pragma once

#include <string>
#include <vector>

#include "common/cli/log.h"
#include "common/postgres/wal.h"
#include "common/store/place.h"

namespace pitr {

struct CleanupOptions {
  std::string data_directory = ".";             // whose archive it has to be
  std::vector<std::string> backup_directories;  // what their sets need stays, too
  std::string removal_pause_trigger;            // nothing is removed while this file exists; "" for none
  bool dry_run = false;                         // print what would go, and remove nothing
};

// Removes every segment and .partial file of the archive that is older than `oldest_kept` and than what a set
// needs.
void clean_up(const Place& archive, const WalName& oldest_kept, const CleanupOptions& options, Log& log);

}  // namespace pitr
