#include <unistd.h>

#include <algorithm>
#include <optional>

#include "basebackup/sync/sync.h"
#include "common/cli/program.h"
#include "common/cli/remote_options.h"
#include "common/os/file.h"
#include "common/os/lock.h"
#include "common/os/parallel_for.h"
#include "common/process/process.h"

using namespace pitr;

namespace {

constexpr Manual manual{
    .program = "pitr-sync",
    .summary = "copy a running PostgreSQL to new standbys over ssh",
    .operands = "",
    .description =
        "Copies the data directory of a running primary or standby (PostgreSQL 13 to 18), its tablespaces "
        "and the WAL "
        "that makes the copy consistent to directories of other hosts. The cluster is read once, however "
        "many outputs "
        "there are. A copy lies at its place when the program ends: with --standby it needs nothing but to "
        "be started.\n\n"
        "It shows what it will remove and where it will write, and asks for YES. It touches no directory "
        "where a server "
        "runs, that is a symbolic link, or that holds anything but a data directory. A copy that did not "
        "become "
        "whole has no global/pg_control, so that no server starts from it; the next run removes it.\n\n"
        "With --rsync what lies there is brought up to date: what this cluster has not is removed, then "
        "rsync compares the "
        "contents of all files and sends what differs. No server starts there meanwhile, either; the next "
        "run with "
        "--rsync completes what was cut.\n\n"
        "Log in on the other host as the user who will run the server: the files will be that user's. A "
        "POSIX shell, "
        "GNU tar, GNU coreutils and the decompressor of --compress are needed there; with --rsync also rsync "
        "(3.1), on "
        "both sides.",
    .exit_status =
        "0  every copy is whole and durable\n"
        "1  no copy was made\n"
        "2  wrong option or configuration, or an output that must not be touched: nothing was\n"
        "3  as 0, but pages of the cluster itself are damaged (they are logged)\n"
        "4  as 0, but WAL came from pg_wal although --xlogs or --source was given\n"
        "5  some copies only (those that failed are logged)",
    .example =
        "pitr-sync -h db1 -U postgres -D /data/pg -o postgres@db2:/data/pg -c zstd --standby --slot db2",
};

struct Options {
  SyncOptions sync;
  std::string checkpoint = "fast";
  std::string pid_file;
  std::string remote_rsync = "rsync";
  bool rsync = false;
  int workers = 0;
  int wal_timeout = 600;
  bool automatic = false;
  bool not_nice = false;
  std::vector<std::string> unused;
};

void add_output(std::vector<std::string>& outputs, const std::string& value) {
  if (kind(Place{false, {}, value, nullptr}) != PlaceKind::ssh || value.find(":/") == value.npos ||
      value.starts_with(':') || value.starts_with('-') || host_of(value).starts_with('-') ||
      value.find('\n') != value.npos) {
    fail(Exit::usage, "{}: not [USER@]HOST:/DIRECTORY", value);
  }
  if (std::ranges::find(outputs, value) != outputs.end()) fail(Exit::usage, "{}: given twice", value);
  outputs.push_back(value);
}

// "zstd:3"; and "/usr/bin/gzip", as OmniPITR had it.
Compression parse_compression(const std::string& value) {
  const Place place = parse_place(value.substr(value.rfind('/') + 1) + "=/");
  if (!place.has_codec) fail(Exit::usage, "{}: not a codec", value);
  return place.compression;
}

std::vector<Option> option_table(Options& options) {
  SyncOptions& sync = options.sync;
  return {
      {"data-dir", "D", "DIR", "copy the data directory DIR", set_text(sync.data_directory)},
      {"output", "o", "[USER@]HOST:/DIR", "make a copy in DIR of HOST; may be given often",
       [&](const std::string& value) { add_output(sync.outputs, value); }, true},
      {"map", "m", "FROM:TO", "put tablespaces below FROM there below TO; may be given often",
       [&](const std::string& value) { sync.maps.push_back(parse_path_map(value)); }, true},
      {"compress", "c", "CODEC[:LEVEL]", "compress what is sent (default: none)",
       [&](const std::string& value) { sync.compression = parse_compression(value); }},
      {"automatic", "a", "", "ask for no YES", set_flag(options.automatic)},
      {"rsync", "r", "", "keep what lies there, send differences only", set_flag(options.rsync)},
      {"standby", "", "", "make standbys: they start and follow this server", set_flag(sync.copy.standby)},
      {"primary-conninfo", "", "TEXT", "tell standbys to find it so (default: as we do)",
       set_text(sync.copy.primary_conninfo)},
      {"slot", "", "NAME", "create the replication slot NAME for the standby", set_text(sync.copy.slot)},
      {"wal-source", "", "[CODEC=]PLACE", "let standbys take WAL from PLACE by pitr-restore, too",
       append_place(sync.copy.wal_sources, &sync.remote), true},
      {"xlogs", "x", "DIR", "collect the copy's WAL in DIR, or find it there", set_text(sync.staging)},
      {"source", "s", "[CODEC=]DIR", "find WAL in DIR, too (default: pg_wal); may be given often",
       append_place(sync.sources, &sync.remote), true},
      {"wal-timeout", "", "SECONDS", "wait so long for WAL (default: 600)",
       set_number(options.wal_timeout, 0, 864000)},
      {"host", "h", "HOST", "connect to HOST, or to the socket in directory HOST",
       set_text(sync.server.host)},
      {"port", "p", "PORT", "connect to PORT", set_text(sync.server.port)},
      {"username", "U", "NAME", "connect as NAME", set_text(sync.server.username)},
      {"database", "d", "NAME", "connect to the database NAME (default: postgres)",
       set_text(sync.server.database)},
      {"checkpoint", "", "fast|spread", "start with a fast or a spread checkpoint (fast)",
       set_choice(options.checkpoint, {"fast", "spread"})},
      {"temp-dir", "t", "DIR", "keep temporary files in DIR (default: $TMPDIR or /tmp)",
       [&](const std::string& value) { sync.temporary_directory = value; }},
      {"max-rate", "", "RATE", "read at most so fast: 20M per second, or a file with it",
       [&](const std::string& value) { sync.pace.max_rate = MaxRate(value); }},
      {"parallel-jobs", "PJ", "N", "compress on N processors (default: up to 4)",
       set_number(options.workers, 1, 64)},
      {"not-nice", "nn", "", "run at normal priority", set_flag(options.not_nice)},
      {"pid-file", "", "FILE", "refuse to run twice at a time", set_text(options.pid_file)},
      {"remote-tar-path", "rtp", "FILE", "unpack there by the program FILE (default: tar)",
       set_text(sync.programs.tar)},
      {"remote-compressor-path", "rcp", "FILE", "decompress there by the program FILE",
       set_text(sync.programs.decompressor)},
      {"remote-rsync-path", "rsp", "FILE", "with --rsync: the rsync there (default: rsync)",
       set_text(options.remote_rsync)},
      unused_path(options.unused, "tee-path", "ep"),
      unused_path(options.unused, "tar-path", "tp"),
      unused_path(options.unused, "psql-path", "pp"),
      unused_path(options.unused, "shell-path", "sh"),
      unused_path(options.unused, "remote-rm-path", "rrp"),
  };
}

// OmniPITR's synch had a short name of its own, and rsync is not for rsync:// here alone.
std::vector<Option> as_here(std::vector<Option> options) {
  for (Option& option : options) {
    if (option.name == "ssh-path") option.alias = "ssh sp";
    if (option.name == "rsync-path") option.help = "run the rsync FILE here (default: rsync)";
  }
  return options;
}

void check(const Options& options) {
  const SyncOptions& sync = options.sync;
  if (sync.data_directory.empty()) fail(Exit::usage, "no data directory: give --data-dir");
  if (sync.outputs.empty()) fail(Exit::usage, "no output: give --output");
  if (!sync.copy.standby) {
    if (!sync.copy.primary_conninfo.empty()) fail(Exit::usage, "--primary-conninfo goes with --standby");
    if (!sync.copy.slot.empty()) fail(Exit::usage, "--slot goes with --standby");
    if (!sync.copy.wal_sources.empty()) fail(Exit::usage, "--wal-source goes with --standby");
  }
  if (!sync.copy.slot.empty() && sync.outputs.size() > 1) {
    fail(Exit::usage, "--slot: two standbys cannot share a slot; make one copy after the other");
  }
  if (!sync.staging.empty() && !sync.staging.starts_with('/')) {
    fail(Exit::usage, "--xlogs {}: not an absolute path", sync.staging);
  }
  if (!sync.staging.empty() && lies_within(sync.staging, sync.data_directory)) {
    fail(Exit::usage, "--xlogs {}: it lies in the data directory", sync.staging);
  }
  if (!options.automatic && ::isatty(STDIN_FILENO) != 1) {
    fail(Exit::usage, "there is no terminal to ask for a YES: give --automatic");
  }
}

std::string decompressor(Codec codec) { return codec == Codec::none ? "" : std::string(name(codec)); }

int run(Options& options, const std::vector<std::string>& operands, Log& log) {
  if (!operands.empty()) fail(Exit::usage, "{}: no operand is wanted", operands.front());
  check(options);
  SyncOptions& sync = options.sync;
  for (const std::string& name : options.unused) log.detail("--{} has no meaning and is not used", name);
  if (!options.not_nice) be_nice();
  std::optional<LockFile> alone;
  if (!options.pid_file.empty()) alone.emplace(options.pid_file, 0600);
  create_directories(sync.temporary_directory, openness_of(sync.data_directory).directory);
  sync.remote.temporary_directory = sync.temporary_directory;
  if (sync.programs.decompressor.empty()) sync.programs.decompressor = decompressor(sync.compression.codec);
  if (options.rsync) {
    const bool compress = sync.compression.codec != Codec::none;
    sync.programs.rsync = {options.remote_rsync, compress, sync.pace.max_rate.now()};
  }
  sync.ask = !options.automatic;
  sync.workers = worker_count(options.workers, 4);
  sync.fast_checkpoint = options.checkpoint == "fast";
  sync.wal_patience = std::chrono::seconds(options.wal_timeout);
  const Exit result = log.timed("Whole copying", [&] { return sync_cluster(sync, log); });
  log.note("All done.");
  return static_cast<int>(result);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  options.sync.server.database = "postgres";
  options.sync.temporary_directory = default_temporary_directory();
  Log log(manual.program);
  const auto table = as_here(with_remote_options(option_table(options), options.sync.remote));
  return run_program(
      manual, with_log_options(table, log), log, argc, argv,
      [&](const std::vector<std::string>& operands) { return run(options, operands, log); }, failed_or_usage,
      [&] {
        if (!options.sync.data_directory.empty()) become_owner_of(options.sync.data_directory);
      });
}
