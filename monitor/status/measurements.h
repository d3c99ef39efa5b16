#pragma once

#include "monitor/status/check.h"

namespace pitr {

// What the rows of the table call. Each throws when it could not look.

// server.cc: the server's own statistics and its archive_status
Measurement last_archive_age(Places& places);
Measurement current_archive_time(Places& places);
Measurement archive_lag(Places& places);
Measurement archive_queue(Places& places);
Measurement archiving_off(Places& places);
Measurement last_restore_age(Places& places);
Measurement current_restore_time(Places& places);

// backups.cc
Measurement last_backup_age(Places& places);
Measurement backup_size(Places& places);
Measurement drill_age(Places& places);

// wal.cc: archives and what backups need of them
Measurement wal_gap(Places& places);
Measurement recovery_window(Places& places);

// disks.cc
Measurement spool_queue(Places& places);
Measurement staging_stale(Places& places);
Measurement free_space(Places& places);

// logs.cc
Measurement logged_errors(Places& places);

}  // namespace pitr
