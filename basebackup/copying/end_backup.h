#pragma once

#include "basebackup/copying/cluster.h"
#include "basebackup/copying/session.h"
#include "common/postgres/backup_label.h"
#include "common/postgres/manifest.h"

namespace pitr {

// What is known of a backup when all of the data directory has been read.
struct BackupEnd {
  StopResult stop;
  BackupLabel label;
  ControlFile control;  // as it has to be stored, behind everything else
  WalRange wal;         // what a consistent start needs
};

// Stops the backup in the server and tells what to store behind the data. Throws when what was copied is no
// backup: the standby was promoted or came to another timeline, or the label's tablespaces are not those that
// were copied.
BackupEnd end_backup(BackupSession& session, const Cluster& cluster);

}  // namespace pitr
