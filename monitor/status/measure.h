#pragma once

#include "monitor/status/check.h"

namespace pitr {

// What the rows of the table call. Each throws when it could not look.

// server_checks.cc: the server's own statistics and its archive_status
Measurement last_archive_age(Sources& sources);
Measurement current_archive_time(Sources& sources);
Measurement archive_queue(Sources& sources);
Measurement archiving_off(Sources& sources);
Measurement last_restore_age(Sources& sources);
Measurement current_restore_time(Sources& sources);

// backup_checks.cc
Measurement last_backup_age(Sources& sources);
Measurement backup_size(Sources& sources);
Measurement drill_age(Sources& sources);

// wal_checks.cc: archives and what backups need of them
Measurement wal_gap(Sources& sources);
Measurement recovery_window(Sources& sources);

// disk_checks.cc
Measurement spool_queue(Sources& sources);
Measurement staging_stale(Sources& sources);
Measurement free_space(Sources& sources);

// log_errors.cc
Measurement logged_errors(Sources& sources);

}  // namespace pitr
