#pragma once

#include <string_view>

#include "common/postgres/wal.h"

namespace pitr {

// What the server's backup_label says. Source of the format: PostgreSQL,
// src/backend/access/transam/xlogbackup.c.
struct BackupLabel {
  Lsn start;           // START WAL LOCATION: replay begins here
  WalName start_file;  // the segment that holds it
  Lsn checkpoint;      // CHECKPOINT LOCATION
  Timeline timeline;   // START TIMELINE
  bool from_standby;   // BACKUP FROM: consistency is then the minRecoveryPoint of the copied pg_control
};
BackupLabel parse_backup_label(std::string_view text);  // throws Exit::damaged

}  // namespace pitr
