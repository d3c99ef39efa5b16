#include <unistd.h>

#include <filesystem>
#include <optional>

#include "basebackup/base/backup.h"
#include "basebackup/base/finish.h"
#include "basebackup/base/places.h"
#include "basebackup/base/removal_pause.h"
#include "common/cli/program.h"
#include "common/cli/remote_options.h"
#include "common/codec/digest.h"
#include "common/os/file.h"
#include "common/os/lock.h"
#include "common/os/parallel_for.h"
#include "common/process/process.h"
#include "common/set/backup_set.h"

using namespace pitr;

namespace {

constexpr Manual manual{
    .program = "pitr-base",
    .summary = "take a base backup of a running PostgreSQL, with the WAL that makes it consistent",
    .operands = "",
    .description =
        "Copies the data directory of a running primary or standby (PostgreSQL 13 to 18) into a tar, bundles "
        "the WAL from the "
        "start to the stop of the backup into a second one, and publishes a meta file last: a backup exists "
        "when its "
        "meta file exists. Plain tar, gzip and zstd read all of it, pg_verifybackup accepts it.\n\n"
        "--xlogs names the staging directory. When it does not exist, pitr-base creates it, pitr-archive "
        "--dst-backup "
        "fills it while the backup runs, and it is removed at the end. When it exists it is kept filled by "
        "others "
        "(pitr-archive --dst-local, or cp) and only read.",
    .exit_status =
        "0  the set is complete and durable at every destination\n"
        "1  no backup was made; nothing of it is left\n"
        "2  wrong option or configuration\n"
        "3  as 0, but pages of the cluster itself are damaged (they are logged)\n"
        "4  as 0, but WAL came from pg_wal, not from the archive; or WAL is missing: --finish NAME\n"
        "5  the set is complete at some destinations only (those that failed are logged)",
    .example = "pitr-base -h localhost -U postgres -D /data/pg -dl zstd=/backup/base/ -x /data/pitr/staging",
};

struct Options {
  BackupOptions backup;
  WantedPlaces places;
  Remote remote, direct_remote;
  std::string far_program;
  int retry_pause = 300;
  std::string finish;
  std::string removal_pause_trigger;
  std::string checkpoint = "fast";
  std::string pid_file;
  int workers = 0;
  int wal_timeout = -1;  // not given: 600 for a backup, 0 to finish one
  int checkpoint_wait = 3600;
  bool not_nice = false;
  bool progress = false;
  std::vector<std::string> unused;
};

// OmniPITR's backup of a standby called its pause trigger -p.
std::function<void(const std::string&)> set_port(std::string& target) {
  return [&target](const std::string& value) {
    if (value.find('/') != value.npos) {
      fail(Exit::usage, "-p {}: -p is the port here; the trigger file is given with --removal-pause-trigger",
           value);
    }
    target = value;
  };
}

// OmniPITR's form: a list with commas.
std::function<void(const std::string&)> set_list(std::vector<std::string>& target) {
  return [&](const std::string& value) {
    for (std::string_view rest = value; !rest.empty();) {
      const std::string_view item = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(item.size() + 1, rest.size()));
      Digest(item).hex();  // throws when there is no such digest
      target.emplace_back(item);
    }
  };
}

std::vector<Option> option_table(Options& options) {
  BackupOptions& backup = options.backup;
  return {
      {"data-dir", "D", "DIR", "copy the data directory DIR", set_text(backup.data_directory)},
      {"dst-local", "dl", "[CODEC=]DIR", "store the set in DIR; may be given often",
       append_place(options.places.local, &options.remote), true},
      {"dst-direct", "dd", "[CODEC=]HOST:/DIR", "stream the set to [USER@]HOST by ssh; may be given often",
       append_place(options.places.direct, &options.direct_remote), true},
      {"dst-remote", "dr", "[CODEC=]PLACE", "deliver it to HOST:/DIR or rsync://HOST/DIR in the end",
       append_place(options.places.remote, &options.remote), true},
      {"remote-cat-path", "rcp", "[!]PROGRAM", "let it store what --dst-direct sends; see other-hosts.md",
       set_text(options.far_program)},
      {"dst-pipe", "dp", "[CODEC=]PROGRAM", "run PROGRAM NAME with each file on its stdin",
       append_program(options.places.pipes, options.remote), true},
      {"retry-pause", "", "SECONDS", "try to deliver 3 times, so far apart (default: 300)",
       set_number(options.retry_pause, 0, 86400)},
      {"xlogs", "x", "DIR", "collect the backup's WAL in DIR, or find it there", set_text(backup.staging)},
      {"source", "s", "[CODEC=]DIR", "find WAL in DIR too; may be given often",
       append_place(backup.sources, &options.remote), true},
      {"skip-xlogs", "sx", "", "bundle no WAL: a restore needs the archive", set_flag(backup.skip_wal)},
      {"no-archive", "", "", "the server archives nothing: take WAL from pg_wal",
       set_flag(backup.no_archive)},
      {"host", "h", "HOST", "connect to HOST, or to the socket in directory HOST",
       set_text(backup.server.host)},
      {"port", "p P", "PORT", "connect to PORT", set_port(backup.server.port)},
      {"username", "U", "NAME", "connect as NAME", set_text(backup.server.username)},
      {"database", "d", "NAME", "connect to the database NAME (default: postgres)",
       set_text(backup.server.database)},
      {"checkpoint", "", "fast|spread", "start with a fast or a spread checkpoint (fast)",
       set_choice(options.checkpoint, {"fast", "spread"})},
      {"wal-timeout", "", "SECONDS", "wait so long for WAL (default: 600; --finish: 0)",
       set_number(options.wal_timeout, 0, 864000)},
      {"call-primary", "call-master cm", "", "run the backup in the primary, copy its standby",
       set_flag(backup.call_primary)},
      {"standby-host", "", "HOST", "ask the standby at HOST for restartpoints",
       set_text(backup.standby_host)},
      {"standby-port", "", "PORT", "its port (default: that of the primary)", set_text(backup.standby_port)},
      {"checkpoint-wait", "", "SECONDS", "wait so long for a restartpoint (default: 3600)",
       set_number(options.checkpoint_wait, 0, 864000)},
      {"finish", "", "NAME", "complete the set NAME, which waits for WAL", set_text(options.finish)},
      {"removal-pause-trigger", "", "FILE", "keep FILE while the backup runs, see pitr-restore",
       set_text(options.removal_pause_trigger)},
      {"filename-template", "f", "PATTERN", "name the files so", set_text(backup.filename_template)},
      {"digest", "dg", "LIST", "store digests, too: MD5,SHA-1,SHA-256,SHA-384,SHA-512",
       set_list(backup.digests)},
      {"temp-dir", "t", "DIR", "keep temporary files in DIR (default: $TMPDIR or /tmp)",
       set_text(backup.temporary_directory)},
      {"max-rate", "", "RATE", "read at most so fast: 20M per second, or a file with it",
       [&](const std::string& value) { backup.pace.max_rate = MaxRate(value); }},
      {"progress", "", "", "show on the terminal how far it is", set_flag(options.progress)},
      {"progress-file", "", "FILE", "append a JSON line to FILE every second",
       set_text(backup.pace.progress_file)},
      {"parallel-jobs", "PJ", "N", "compress on N processors (default: up to 4)",
       set_number(options.workers, 1, 64)},
      {"not-nice", "nn", "", "run at normal priority", set_flag(options.not_nice)},
      {"pid-file", "", "FILE", "refuse to run twice at a time", set_text(options.pid_file)},
      unused_path(options.unused, "tar-path", "tp"),
      unused_path(options.unused, "tee-path", "ep"),
      unused_path(options.unused, "shell-path", "sh"),
      unused_path(options.unused, "psql-path", "pp sp"),
      unused_path(options.unused, "pgcontroldata-path", ""),
      unused_path(options.unused, "nice-path", "np"),
  };
}

void check(const BackupOptions& backup) {
  if (backup.data_directory.empty()) fail(Exit::usage, "no data directory: give --data-dir");
  if (!backup.standby_host.empty() && !backup.call_primary) {
    fail(Exit::usage, "--standby-host goes with --call-primary; without it --host is the standby");
  }
  if (!backup.standby_port.empty() && backup.standby_host.empty())
    fail(Exit::usage, "--standby-port goes with --standby-host");
  if (backup.staging.empty() && backup.sources.empty() && !backup.skip_wal && !backup.no_archive) {
    fail(Exit::usage,
         "nowhere to find the WAL of the backup: give --xlogs or --source; --no-archive when the server "
         "archives nothing; --skip-xlogs for a backup without WAL");
  }
  if (!backup.staging.empty() && !backup.staging.starts_with('/')) {
    fail(Exit::usage, "--xlogs {}: not an absolute path", backup.staging);
  }
  if (!backup.staging.empty() && lies_within(backup.staging, backup.data_directory)) {
    fail(Exit::usage, "--xlogs {}: it lies in the data directory", backup.staging);
  }
}

int finish(Options& options, Log& log) {
  const BackupOptions& backup = options.backup;
  if (backup.sources.empty()) fail(Exit::usage, "nowhere to find the WAL: give --source");
  if (!options.places.pipes.empty())
    fail(Exit::usage, "--finish: a program has no set that waits (--dst-pipe)");
  if (!options.direct_remote.far_program.empty()) {
    fail(Exit::usage,
         "--finish: a set that --remote-cat-path stored cannot be read; give its place without that");
  }
  const Exit result = finish_backup({.name = options.finish,
                                     .places = options.places.all(),
                                     .sources = backup.sources,
                                     .data_directory = backup.data_directory,
                                     .temporary_directory = backup.temporary_directory,
                                     .workers = worker_count(options.workers, 4),
                                     .wal_patience = std::chrono::seconds(std::max(options.wal_timeout, 0))},
                                    log);
  return static_cast<int>(result);
}

int back_up(Options& options, Log& log) {
  BackupOptions& backup = options.backup;
  check(backup);
  const Openness openness = openness_of(backup.data_directory);
  create_directories(backup.temporary_directory, openness.directory);
  ArrangedPlaces arranged;
  arrange_places(options.places, backup.temporary_directory, arranged);
  backup.destinations = arranged.written;
  backup.delivery = arranged.delivery;
  backup.delivery.pause = std::chrono::seconds(options.retry_pause);
  std::optional<RemovalPause> pause;
  if (!options.removal_pause_trigger.empty())
    pause.emplace(options.removal_pause_trigger, openness.file, log);

  backup.workers = worker_count(options.workers, 4);
  backup.fast_checkpoint = options.checkpoint == "fast";
  backup.pace.on_terminal = options.progress && ::isatty(STDERR_FILENO) == 1;
  backup.checkpoint_patience = std::chrono::seconds(options.checkpoint_wait);
  backup.wal_patience = std::chrono::seconds(options.wal_timeout < 0 ? 600 : options.wal_timeout);
  const Exit result = log.timed("Whole backup procedure", [&] { return take_backup(backup, log); });
  log.note("All done.");
  return static_cast<int>(result);
}

int run(Options& options, const std::vector<std::string>& operands, Log& log) {
  if (!operands.empty()) fail(Exit::usage, "{}: no operand is wanted", operands.front());
  check_places(options.places, options.backup.data_directory);
  options.remote.temporary_directory = options.backup.temporary_directory;
  options.direct_remote = options.remote;
  // cat is what OmniPITR ran by itself; our own script does it with promises.
  if (options.far_program != "cat") options.direct_remote.far_program = options.far_program;
  for (const std::string& name : options.unused) log.detail("--{} has no meaning and is not used", name);
  if (!options.not_nice) be_nice();
  std::optional<LockFile> alone;
  if (!options.pid_file.empty()) alone.emplace(options.pid_file, 0600);
  return options.finish.empty() ? back_up(options, log) : finish(options, log);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  options.backup.server.database = "postgres";
  options.backup.filename_template = default_set_template;
  options.backup.temporary_directory = default_temporary_directory();
  Log log(manual.program);
  const auto table =
      with_remote_options(with_compressor_paths(option_table(options), options.unused), options.remote);
  return run_program(
      manual, with_log_options(table, log), log, argc, argv,
      [&](const std::vector<std::string>& operands) { return run(options, operands, log); }, failed_or_usage,
      [&] {
        if (!options.backup.data_directory.empty()) return become_owner_of(options.backup.data_directory);
        // --finish: what is added to a set belongs to whoever has the set.
        for (const Place& place : options.places.local) {
          if (!options.finish.empty() && is_there(place.place)) return become_owner_of(place.place);
        }
      });
}
