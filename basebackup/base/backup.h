#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "basebackup/base/set_delivery.h"
#include "common/cli/log.h"
#include "common/cli/pace.h"
#include "common/postgres/server.h"

namespace pitr {

struct BackupOptions {
  ServerAddress server;
  std::string data_directory;
  std::vector<Place> destinations;  // written while the backup runs
  DeliveryOptions delivery;         // what is delivered when the set is complete
  std::string staging;              // --xlogs: temporary when it does not exist yet, standing when it does
  std::vector<Place> sources;       // --source: further directories with WAL
  bool skip_wal = false;
  std::string filename_template;
  std::vector<std::string> digests;
  std::string temporary_directory;
  std::size_t workers = 1;
  bool fast_checkpoint = true;
  bool call_primary = false;  // `server` is the primary, `data_directory` a standby's
  bool no_archive = false;    // the user knows that the server archives nothing
  // With call_primary: where that standby can be asked for a restartpoint; "" for nowhere, and for the
  // primary's port.
  std::string standby_host, standby_port;
  std::chrono::seconds checkpoint_patience{3600};
  std::chrono::seconds wal_patience{600};
  PaceOptions pace;
};

// Takes a base backup of a running primary and publishes it at every destination. done: the set is complete
// and durable everywhere. late: so it is, but WAL had to be taken from pg_wal, because the archive is behind.
// damaged: so it is, but pages of the cluster are bad. partly: only at some destinations. Throws otherwise;
// then nothing of it is left, neither files nor a running backup in the server.
Exit take_backup(const BackupOptions& options, Log& log);

}  // namespace pitr
