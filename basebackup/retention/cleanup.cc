#include "basebackup/retention/cleanup.h"

#include "common/os/file.h"
#include "common/os/temporary_file.h"
#include "common/set/backup_catalog.h"
#include "common/wal/marker.h"
#include "common/wal/oldest_wal.h"

namespace pitr {
namespace {

// In another cluster's archive the same names are other WAL. By hand, away from a data directory, this is not
// known.
void require_own_archive(Store& archive, const std::filesystem::path& data_directory) {
  if (!is_there(data_directory / "global" / "pg_control")) return;
  require_archive_of(archive, read_cluster_identity(data_directory).system_identifier);
}

// The digits of the oldest segment that stays.
std::string oldest_with_backups(const WalName& wanted, const std::vector<std::string>& backup_directories,
                                Log& log) {
  std::string oldest(position_digits(wanted));
  for (const std::string& directory : backup_directories) {
    const auto store = open_store(directory, {});
    if (has_living_temporaries(directory)) {
      fail(Exit::failed,
           "nothing is removed while a backup is written into {}: what it needs is not known yet", directory);
    }
    const Catalog catalog = read_catalog(*store);
    for (const UnreadableSet& set : catalog.unreadable) {
      fail(Exit::failed, "nothing is removed, because it is not known what a backup needs: {}", set.reason);
    }
    for (const auto* sets : {&catalog.complete, &catalog.waiting, &catalog.damaged}) {
      for (const BackupSet& set : *sets) {
        const std::string_view start = position_digits(set.meta.min_xlog);
        if (start >= oldest) continue;
        oldest = start;
        log.detail("{} needs WAL from {} on", set.name, set.meta.min_xlog.text());
      }
    }
  }
  return oldest;
}

}  // namespace

void clean_up(const Place& place, const WalName& oldest_kept, const CleanupOptions& options, Log& log) {
  if (!options.removal_pause_trigger.empty() && is_there(options.removal_pause_trigger)) {
    log.note("Removal is paused: {} exists", options.removal_pause_trigger);
    return;
  }
  const auto archive = open_store(place, {});
  require_own_archive(*archive, options.data_directory);
  const std::string oldest = oldest_with_backups(oldest_kept, options.backup_directories, log);

  std::size_t removed = 0;
  for_each_wal_before(*archive, oldest, [&](const StoredName& old) {
    if (options.dry_run) {
      fmt::print("{} would be removed\n", archive->describe(old.name()));
      return;
    }
    archive->remove(old.name());
    log.detail("{} removed", archive->describe(old.name()));
    ++removed;
  });
  if (removed > 0)
    log.note("{} files removed from {}, the oldest needed ends in {}", removed, archive->describe(), oldest);
}

}  // namespace pitr
