#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "common/cli/log.h"
#include "common/store/place.h"

namespace pitr {

struct FinishOptions {
  std::string name;            // of the set: BackupSet::name or one of its files
  std::vector<Place> places;   // where it waits
  std::vector<Place> sources;  // where its WAL is
  std::string data_directory;  // whose pg_wal is looked into too; "": nobody's
  std::string temporary_directory;
  std::size_t workers = 1;
  std::chrono::seconds wal_patience{0};
};

// Completes a set that waits for WAL at every place: bundles the WAL, publishes meta, removes the waiting
// file. done: complete everywhere (it may have been before). late: WAL is still missing. partly: complete at
// some places only.
Exit finish_backup(const FinishOptions& options, Log& log);

}  // namespace pitr
