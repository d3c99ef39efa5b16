#include <filesystem>
#include <optional>

#include "common/cli/program.h"
#include "common/os/file.h"
#include "common/os/lock.h"
#include "common/os/temporary_file.h"
#include "common/set/backup_catalog.h"
#include "common/wal/oldest_wal.h"
#include "common/wal/wal_archive.h"

using namespace pitr;

namespace {

constexpr Manual manual{
    .program = "pitr-cleanup",
    .summary = "remove WAL that a standby does not need any more",
    .operands = "%r",
    .description =
        "For archive_cleanup_command: removes every segment and .partial file that is older than %r, the "
        "segment that "
        "the last restartpoint needs, whatever its timeline and codec. History files stay, and so does "
        "everything that "
        "is no WAL.\n\n"
        "An archive that backups need is no archive for archive_cleanup_command alone: give --backup-dir, "
        "and the WAL "
        "from the oldest start of a backup on stays too.",
    .exit_status =
        "0  removed, or nothing was to be removed\n"
        "1  failed; what was not removed stays for the next call\n"
        "2  wrong option or configuration",
    .example = "archive_cleanup_command = 'pitr-cleanup -a zstd=/backup/wal %r'",
};

struct Options {
  std::string data_directory = ".";
  std::optional<Place> archive;
  std::vector<std::string> backup_directories;
  std::string removal_pause_trigger;
  std::string pid_file;
  bool dry_run = false;
};

std::vector<Option> option_table(Options& options) {
  return {
      {"archive", "a", "[CODEC=]DIR", "remove from the WAL archive DIR",
       [&](const std::string& value) { options.archive = parse_place(value); }},
      {"backup-dir", "b", "DIR", "keep what backups in DIR need; may be given often",
       append_text(options.backup_directories), true},
      {"data-dir", "D", "DIR", "check that it is DIR's archive (default: .)",
       set_text(options.data_directory)},
      {"removal-pause-trigger", "p", "FILE", "remove nothing while FILE exists",
       set_text(options.removal_pause_trigger)},
      {"dry-run", "d", "", "say what would be removed", set_flag(options.dry_run)},
      {"pid-file", "", "FILE", "refuse to run twice at a time", set_text(options.pid_file)},
  };
}

// The segment that PostgreSQL named; the name of a .partial or .backup file stands for its segment.
WalName parse_operand(const std::vector<std::string>& operands) {
  if (operands.size() != 1) fail(Exit::usage, "one operand is wanted: %r, the oldest segment to keep");
  const auto name = WalName::parse(operands.front());
  if (!name || name->kind() == WalKind::history) {
    fail(Exit::usage, "{}: not the name of a segment (PostgreSQL puts it in place of %r)", operands.front());
  }
  return *name;
}

// In another cluster's archive the same names are other WAL. By hand, away from a data directory, this is not
// known.
void require_own_archive(Store& archive, const std::filesystem::path& data_directory) {
  if (!is_there(data_directory / "global" / "pg_control")) return;
  require_archive_of(archive, read_cluster_identity(data_directory).system_identifier);
}

// The digits of the oldest segment that stays.
std::string oldest_kept(const WalName& wanted, const std::vector<std::string>& backup_directories, Log& log) {
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
    for (const auto* sets : {&catalog.complete, &catalog.waiting}) {
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

int run(const Options& options, const std::vector<std::string>& operands, Log& log) {
  const WalName wanted = parse_operand(operands);
  if (!options.archive) fail(Exit::usage, "no archive: give --archive");
  std::optional<LockFile> alone;
  if (!options.pid_file.empty()) alone.emplace(options.pid_file, 0600);
  if (!options.removal_pause_trigger.empty() && is_there(options.removal_pause_trigger)) {
    log.note("Removal is paused: {} exists", options.removal_pause_trigger);
    return 0;
  }
  const auto archive = open_store(*options.archive, {});
  require_own_archive(*archive, options.data_directory);
  const std::string oldest = oldest_kept(wanted, options.backup_directories, log);

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
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  Log log(manual.program);
  return run_program(
      manual, with_log_options(option_table(options), log), log, argc, argv,
      [&](const std::vector<std::string>& operands) { return run(options, operands, log); }, failed_or_usage);
}
