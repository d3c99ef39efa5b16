#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "basebackup/sync/copy_layout.h"
#include "basebackup/sync/copy_output.h"
#include "basebackup/sync/copy_settings.h"
#include "common/cli/pace.h"

namespace pitr {

struct SyncOptions {
  ServerAddress server;
  std::string data_directory;
  std::vector<std::string> outputs;  // "[user@]host:/directory"
  std::vector<PathMap> maps;
  Compression compression;
  Remote remote;
  FarPrograms programs;
  bool ask = true;  // for a YES on the terminal before anything is removed or written
  CopyOptions copy;
  std::string staging;         // --xlogs
  std::vector<Place> sources;  // --source
  std::chrono::seconds wal_patience{600};
  std::filesystem::path temporary_directory;
  std::size_t workers = 1;
  bool fast_checkpoint = true;
  PaceOptions pace;
};

// Copies a running cluster to every output in one pass. done: the copies are whole and durable, and start.
// partly: only some of them. late, damaged: as take_backup() has them. Throws otherwise; then no output has
// anything that starts.
Exit sync_cluster(const SyncOptions& options, Log& log);

}  // namespace pitr
