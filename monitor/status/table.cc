#include <algorithm>
#include <array>

#include "monitor/status/measurements.h"

namespace pitr {
namespace {

bool always(const MonitorPlaces&) { return true; }
bool is_here(const std::string& directory) {
  return !directory.empty() && kind(Place{.compression = {}, .place = directory}) == PlaceKind::directory;
}
bool has_backups(const MonitorPlaces& places) { return !places.backup_directory.empty(); }
// Of another host neither the sizes of files nor the record of a drill can be asked.
bool has_backups_here(const MonitorPlaces& places) { return is_here(places.backup_directory); }
bool has_archives(const MonitorPlaces& places) { return !places.archives.empty(); }
bool has_both(const MonitorPlaces& places) { return has_backups(places) && has_archives(places); }
bool has_drills(const MonitorPlaces& places) {
  return has_backups_here(places) || !places.state_directory.empty();
}
bool has_logs(const MonitorPlaces& places) { return !places.logs.empty(); }
bool has_spool(const MonitorPlaces& places) { return !places.spool_directory.empty(); }
bool has_staging(const MonitorPlaces& places) { return !places.staging_directories.empty(); }
bool has_directory(const MonitorPlaces& places) {
  return has_backups_here(places) || has_spool(places) || !places.data_directory.empty() ||
         std::ranges::any_of(places.archives, [](const Place& place) { return is_here(place.place); });
}

// The ages of archiving and restoring have no threshold: an idle server archives nothing, and that is all
// right. What is stuck shows in current-archive-time. A restore_command with --recovery-delay or --wait takes
// as long as it is told to.
constexpr std::array checks = {
    Check{"archiving-off", "1 when the server archives nothing: off, a command that throws WAL away",
          Unit::count, "pitr_archiving_off", "", "0", archiving_off, always},
    Check{"archive-lag", "WAL files that the server takes for archived and an archive has not got",
          Unit::count, "pitr_archive_lag_files", "0", "1", archive_lag, has_archives},
    Check{"archive-queue", "WAL files that wait for being archived", Unit::count, "pitr_archive_queue_files",
          "10", "100", archive_queue, always},
    Check{"current-archive-time", "Seconds that the oldest of them has waited", Unit::seconds,
          "pitr_current_archive_time_seconds", "5m", "30m", current_archive_time, always},
    Check{"last-archive-age", "Seconds since a WAL file was archived", Unit::seconds,
          "pitr_last_archive_age_seconds", "", "", last_archive_age, always},
    Check{"last-restore-age", "Seconds since a server in recovery got a WAL file", Unit::seconds,
          "pitr_last_restore_age_seconds", "", "", last_restore_age, always},
    Check{"current-restore-time", "Seconds that the running restore_command has taken", Unit::seconds,
          "pitr_current_restore_time_seconds", "", "", current_restore_time, always},
    Check{"last-backup-age", "Seconds since the end of the newest backup", Unit::seconds,
          "pitr_last_backup_age_seconds", "26h", "50h", last_backup_age, has_backups},
    Check{"backup-size", "Stored bytes of the newest backup", Unit::bytes, "pitr_backup_size_bytes", "",
          "1:", backup_size, has_backups_here},
    Check{"wal-gap", "WAL files that are missing in the archives", Unit::count, "pitr_wal_gap_files", "", "0",
          wal_gap, has_archives},
    Check{"recovery-window", "Seconds back to which recovery to any moment is possible", Unit::seconds,
          "pitr_recovery_window_seconds", "", "1:", recovery_window, has_both},
    Check{"spool-queue", "WAL files in the spool that a destination has not got yet", Unit::count,
          "pitr_spool_queue_files", "10", "100", spool_queue, has_spool},
    Check{"staging-stale", "Staging directories that a dead backup has left", Unit::count,
          "pitr_staging_stale_directories", "0", "", staging_stale, has_staging},
    Check{"free-space", "Free part of the fullest file system", Unit::percent, "pitr_free_space_ratio",
          "15:", "5:", free_space, has_directory},
    Check{"drill-age", "Seconds since a backup was last restored on trial", Unit::seconds,
          "pitr_drill_age_seconds", "32d", "", drill_age, has_drills},
    Check{"errors", "Errors in the logs since --from", Unit::count, "pitr_errors", "0", "", logged_errors,
          has_logs},
};

}  // namespace

std::span<const Check> all_checks() { return checks; }

}  // namespace pitr
