#include <unistd.h>

#include <filesystem>

#include "common/cli/program.h"
#include "common/cli/remote_options.h"
#include "common/os/parallel_for.h"
#include "common/process/process.h"
#include "restore/recover/listing.h"
#include "restore/recover/recover.h"

using namespace pitr;

namespace {

constexpr Manual manual{
    .program = "pitr-recover",
    .summary = "lay a backup out as a data directory and set recovery up to a moment",
    .operands = "",
    .description =
        "Chooses the newest backup from which the target can be reached, checks beforehand that the WAL for "
        "it is "
        "there, unpacks the backup into --data-dir, checks every file against the manifest while it is "
        "written, and "
        "writes the recovery settings. Without a target it recovers to the end of the archive.\n\n"
        "The restored cluster is a copy whose archiving is off, unless --as primary is given.\n\n"
        "Reads the sets of pitr-base and of OmniPITR.",
    .exit_status =
        "0  done; --plan: the target can be reached\n"
        "1  failed; --plan: whether it can be reached cannot be told\n"
        "2  wrong option, or a place that may not be written into\n"
        "3  the target cannot be reached, or the backup is damaged",
    .example =
        "pitr-recover -b /backup/base -s zstd=/backup/wal -D /data/new --target-time '2026-11-22 14:03+01'",
};

struct Options {
  RecoverOptions recover;
  bool list = false, plan = false, release = false, progress = false;
  std::string config = "print";
  std::string format = "text";
  std::string as;
  std::string owner;
  int workers = 0;
  bool immediate = false, no_search = false, no_wal = false, only_wal = false;
};

// A second target is an error, whatever its kind.
std::function<void(const std::string&)> set_target(RecoveryTarget& target, RecoveryTarget::Kind kind) {
  return [&target, kind](const std::string& value) {
    if (target.kind != RecoveryTarget::Kind::latest)
      fail(Exit::usage, "a second target: {} is given already", describe(target));
    if (kind != RecoveryTarget::Kind::immediate && value.empty()) fail(Exit::usage, "value is empty");
    target.kind = kind;
    target.text = value;
    if (kind == RecoveryTarget::Kind::time) {
      const auto moment = parse_moment(value);
      if (!moment) fail(Exit::usage, "{}: not a time like '2026-11-22 14:03:00+01'", value);
      target.time = *moment;
    } else if (kind == RecoveryTarget::Kind::lsn) {
      const auto lsn = parse_lsn(value);
      if (!lsn) fail(Exit::usage, "{}: not an LSN like 3C/A0000028", value);
      target.lsn = *lsn;
    } else if (kind == RecoveryTarget::Kind::xid && value.find_first_not_of("0123456789") != value.npos) {
      fail(Exit::usage, "{}: not a transaction ID", value);
    } else if (kind == RecoveryTarget::Kind::name && value.size() > 63) {
      fail(Exit::usage, "{}: longer than the 63 bytes that the name of a restore point has at most", value);
    }
  };
}

std::function<void(const std::string&)> set_timeline(std::string& target) {
  return [&target](const std::string& value) {
    const bool is_number = !value.empty() && value.size() < 10 &&
                           value.find_first_not_of("0123456789") == value.npos && value[0] != '0';
    if (!is_number && value != "latest" && value != "current")
      fail(Exit::usage, "{}: not latest, current or a timeline ID", value);
    target = value;
  };
}

std::vector<Option> option_table(Options& options) {
  RecoverOptions& recover = options.recover;
  return {
      {"backup-dir", "b", "[HOST:]DIR", "find the backups in DIR, of another host by ssh",
       set_place_without_codec(recover.backups, recover.remote)},
      {"wal-source", "s", "[CODEC=]PLACE", "find archived WAL in DIR or HOST:DIR; may be given often",
       append_place(recover.sources, &recover.remote), true},
      {"data-dir", "D", "DIR", "restore into DIR, which is empty or missing",
       set_text(recover.data_directory)},
      {"list", "", "", "print the backups, and do nothing else", set_flag(options.list)},
      {"format", "", "text|json", "print the list so (default: text)",
       set_choice(options.format, {"text", "json"})},
      {"plan", "", "", "print what would be done, and whether it can be", set_flag(options.plan)},
      {"backup", "", "NAME", "take this backup (default: the newest that will do)", set_text(recover.backup)},
      {"target-time", "", "TIME", "recover to the last commit before TIME",
       set_target(recover.target, RecoveryTarget::Kind::time)},
      {"target-lsn", "", "LSN", "recover to LSN", set_target(recover.target, RecoveryTarget::Kind::lsn)},
      {"target-xid", "", "XID", "recover to the end of transaction XID",
       set_target(recover.target, RecoveryTarget::Kind::xid)},
      {"target-name", "", "NAME", "recover to the restore point NAME",
       set_target(recover.target, RecoveryTarget::Kind::name)},
      {"target-immediate", "", "", "recover to the end of the backup only",
       set_target(recover.target, RecoveryTarget::Kind::immediate)},
      {"target-exclusive", "", "", "stop just before the target", set_flag(recover.target.exclusive)},
      {"target-action", "", "WHAT", "pause, promote or shutdown there (default: pause)",
       set_choice(recover.target.action, {"pause", "promote", "shutdown"})},
      {"target-timeline", "", "TIMELINE", "follow latest, current or this one (latest)",
       set_timeline(recover.target.timeline)},
      {"no-search", "", "", "do not look for the target in the WAL", set_flag(options.no_search)},
      {"bindir", "", "DIR", "run PostgreSQL's programs from DIR", set_text(recover.bindir)},
      {"tablespace", "T", "OLD=NEW", "put the tablespace of OLD into NEW; may be given often",
       [&](const std::string& value) { recover.mapping.moved.push_back(parse_tablespace_move(value)); },
       true},
      {"tablespace-root", "", "DIR", "put all other tablespaces into DIR/<OID>",
       set_text(recover.mapping.root)},
      {"no-wal", "", "", "leave the WAL in the backup out", set_flag(options.no_wal)},
      {"only-wal", "", "", "use no WAL but that in the backup", set_flag(options.only_wal)},
      {"delta", "", "", "keep what is right in DIR, left by a stopped cluster", set_flag(recover.delta)},
      {"rescue-wal", "", "OLD_PGDATA", "rescue the WAL that OLD_PGDATA did not archive",
       set_text(recover.rescue_wal)},
      {"rescue-dir", "", "DIR", "rescue into DIR (default: DATA-DIR.pitr-rescue-TIME)",
       set_text(recover.rescue_directory)},
      {"as", "", "clone|primary", "switch archiving off, or leave it on (default: clone)",
       set_choice(options.as, {"clone", "primary"})},
      {"standby", "", "", "set up a standby", set_flag(recover.standby)},
      {"primary-conninfo", "", "CONNINFO", "let the standby stream from there",
       set_text(recover.primary_conninfo)},
      {"slot", "", "NAME", "let the standby use the primary's replication slot NAME", set_text(recover.slot)},
      {"config", "", "keep|restore|print", "treat configuration from outside so (print)",
       set_choice(options.config, {"keep", "restore", "print"})},
      {"start", "", "", "start it, and wait until the target is reached", set_flag(recover.start)},
      {"isolated", "", "", "let nobody reach it but by a socket of its own", set_flag(recover.isolated)},
      {"socket-dir", "", "DIR", "put that socket into DIR (default: in the data dir.)",
       set_text(recover.socket_directory)},
      {"lease", "", "HOURS", "keep retention off backup and WAL so long (48)",
       set_number(recover.lease_hours, 0, 8760)},
      {"release", "", "", "end the lease of --backup, or for --data-dir", set_flag(options.release)},
      {"progress", "", "", "show on the terminal how far it is", set_flag(options.progress)},
      {"progress-file", "", "FILE", "append a JSON line to FILE every second",
       set_text(recover.pace.progress_file)},
      {"max-rate", "", "RATE", "write at most so fast: 20M per second, or a file with it",
       [&](const std::string& value) { recover.pace.max_rate = MaxRate(value); }},
      {"owner", "", "USER", "as root: become USER, whose the cluster will be", set_text(options.owner)},
      {"group-readable", "", "", "let the group read the data directory", set_flag(recover.group_readable)},
      {"parallel-jobs", "PJ", "N", "decompress on N processors (default: all)",
       set_number(options.workers, 1, 256)},
  };
}

// A path that means the same everywhere; without a slash at its end.
std::string absolute(const std::string& path) {
  if (path.empty()) return path;
  const std::filesystem::path clean = std::filesystem::absolute(path).lexically_normal();
  return clean.has_filename() ? clean.native() : clean.parent_path().native();
}

void require_here(std::string_view option, const std::string& path) {
  if (path.find(":/") != path.npos && !path.starts_with('/')) {
    fail(Exit::usage, "--{} {}: it is on another host; only --backup-dir and --wal-source may be", option,
         path);
  }
}

void check(const Options& options, const std::vector<std::string>& operands) {
  const RecoverOptions& recover = options.recover;
  require_here("data-dir", recover.data_directory);
  require_here("rescue-wal", recover.rescue_wal);
  require_here("rescue-dir", recover.rescue_directory);
  if (!operands.empty()) fail(Exit::usage, "{}: no operand is wanted", operands.front());
  if (recover.backups.place.empty()) fail(Exit::usage, "no place to look for backups: give --backup-dir");
  if (options.list) return;
  if (options.release) {
    if (recover.backup.empty() && recover.data_directory.empty())
      fail(Exit::usage, "--release: give --backup or --data-dir");
    return;
  }
  if (recover.sources.empty() && !options.only_wal) {
    fail(Exit::usage,
         "no WAL archive: give --wal-source, or --only-wal to come back to the end of the backup");
  }
  if (options.only_wal && (options.no_wal || !recover.sources.empty())) {
    fail(Exit::usage, "--only-wal contradicts --no-wal and --wal-source");
  }
  if (recover.standby && recover.target.kind != RecoveryTarget::Kind::latest) {
    fail(Exit::usage, "--standby goes on for ever: it has no target");
  }
  if (!recover.primary_conninfo.empty() && !recover.standby)
    fail(Exit::usage, "--primary-conninfo goes with --standby");
  if (!recover.slot.empty() && recover.primary_conninfo.empty())
    fail(Exit::usage, "--slot goes with --primary-conninfo");
  if (recover.target.exclusive && (recover.target.kind == RecoveryTarget::Kind::latest ||
                                   recover.target.kind == RecoveryTarget::Kind::immediate)) {
    fail(Exit::usage, "--target-exclusive goes with a time, an LSN, a transaction or a name");
  }
  if (recover.delta && !recover.rescue_wal.empty())
    fail(Exit::usage, "--delta rescues the WAL of --data-dir: leave --rescue-wal out");
  if (recover.isolated && (recover.standby || options.as == "primary"))
    fail(Exit::usage, "--isolated makes a clone, and no standby");
  if (recover.isolated && !recover.target.action.empty() && recover.target.action != "promote") {
    fail(Exit::usage, "--isolated promotes at the target");
  }
  if (options.plan) return;
  if (recover.data_directory.empty()) fail(Exit::usage, "nowhere to restore to: give --data-dir");
}

int list(const Options& options) {
  const auto store = open_store(options.recover.backups, {});
  const Catalog catalog = read_catalog(*store);
  const std::string text = options.format == "json" ? list_as_json(catalog) : list_as_text(catalog);
  std::fputs(text.c_str(), stdout);
  const bool is_empty = catalog.complete.empty() && catalog.waiting.empty() && catalog.damaged.empty() &&
                        catalog.unreadable.empty() && catalog.orphans.empty();
  if (is_empty) fail(Exit::damaged, "{}: there is no backup in it", store->describe());
  return static_cast<int>(Exit::done);
}

int run(Options& options, const std::vector<std::string>& operands, Log& log) {
  check(options, operands);
  RecoverOptions& recover = options.recover;
  if (kind(recover.backups) == PlaceKind::directory) recover.backups.place = absolute(recover.backups.place);
  // pitr-restore is given it, too, and works elsewhere; without a slash it is looked for in PATH.
  for (std::string* program : {&recover.remote.ssh, &recover.remote.rsync}) {
    if (program->find('/') != program->npos) *program = absolute(*program);
  }
  recover.remote.temporary_directory = default_temporary_directory();
  recover.data_directory = absolute(recover.data_directory);
  if (options.list) return list(options);
  if (options.release) return static_cast<int>(release(recover, log));
  for (std::string* path :
       {&recover.rescue_wal, &recover.rescue_directory, &recover.mapping.root, &recover.socket_directory}) {
    *path = absolute(*path);
  }
  if (recover.delta) recover.rescue_wal = recover.data_directory;
  recover.pace.on_terminal = options.progress && ::isatty(STDERR_FILENO) == 1;
  recover.config = options.config == "keep"      ? ConfigMode::keep
                   : options.config == "restore" ? ConfigMode::restore
                                                 : ConfigMode::print;
  recover.workers = worker_count(options.workers, 64);
  recover.search = !options.no_search;
  recover.bundled_wal = !options.no_wal;
  // A standby archives when it is promoted; a copy never.
  recover.purpose =
      options.as == "primary" || (recover.standby && options.as.empty()) ? Purpose::primary : Purpose::clone;
  return static_cast<int>(options.plan ? show_plan(recover, log) : pitr::recover(recover, log));
}

// No file of the cluster may be root's.
void become_owner(const Options& options) {
  if (!options.owner.empty()) return become_user(options.owner);
  if (!options.recover.data_directory.empty() &&
      std::filesystem::is_directory(options.recover.data_directory)) {
    become_owner_of(options.recover.data_directory);
  }
  if (::geteuid() == 0 && !options.list && !options.plan && !options.release) {
    fail(Exit::usage, "run by root: whose will the cluster be? (--owner postgres)");
  }
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  Log log(manual.program);
  const auto table = with_remote_options(option_table(options), options.recover.remote);
  return run_program(
      manual, with_log_options(table, log), log, argc, argv,
      [&](const std::vector<std::string>& operands) { return run(options, operands, log); }, {},
      [&] { become_owner(options); });
}
