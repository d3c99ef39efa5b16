#include <filesystem>
#include <optional>

#include "basebackup/retention/cleanup.h"
#include "common/cli/program.h"
#include "common/cli/remote_options.h"
#include "common/os/file.h"
#include "common/os/lock.h"
#include "common/process/process.h"

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
  Remote remote;  // the archive points to it
  Place archive;
  CleanupOptions cleanup;
  std::string pid_file;
};

std::vector<Option> option_table(Options& options) {
  return {
      {"archive", "a", "[CODEC=]PLACE", "remove from the WAL archive DIR or HOST:DIR",
       set_place(options.archive, &options.remote)},
      {"backup-dir", "b", "DIR", "keep what backups in DIR need; may be given often",
       append_text(options.cleanup.backup_directories), true},
      {"data-dir", "D", "DIR", "check that it is DIR's archive (default: .)",
       set_text(options.cleanup.data_directory)},
      {"removal-pause-trigger", "p", "FILE", "remove nothing while FILE exists",
       set_text(options.cleanup.removal_pause_trigger)},
      {"dry-run", "d", "", "say what would be removed", set_flag(options.cleanup.dry_run)},
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

int run(const Options& options, const std::vector<std::string>& operands, Log& log) {
  const WalName wanted = parse_operand(operands);
  if (options.archive.place.empty()) fail(Exit::usage, "no archive: give --archive");
  for (const std::string& place : options.cleanup.backup_directories) {
    if (kind(parse_place(place)) != PlaceKind::directory)
      fail(Exit::usage, "--backup-dir {}: it is on another host; run pitr-cleanup there", place);
  }
  std::optional<LockFile> alone;
  if (!options.pid_file.empty()) alone.emplace(options.pid_file, 0600);
  clean_up(options.archive, wanted, options.cleanup, log);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  options.remote.temporary_directory = default_temporary_directory();
  Log log(manual.program);
  return run_program(
      manual, with_log_options(with_remote_options(option_table(options), options.remote), log), log, argc,
      argv, [&](const std::vector<std::string>& operands) { return run(options, operands, log); },
      failed_or_usage,
      [&] {
        // Called by root, what it makes must not be root's.
        if (is_there(std::filesystem::path(options.cleanup.data_directory) / "global" / "pg_control"))
          return become_owner_of(options.cleanup.data_directory);
        for (const std::string& directory : options.cleanup.backup_directories) {
          if (is_there(directory)) return become_owner_of(directory);
        }
      });
}
