#include <optional>

#include "basebackup/retention/expire.h"
#include "common/cli/program.h"
#include "common/cli/remote_options.h"
#include "common/os/file.h"
#include "common/os/lock.h"
#include "common/process/process.h"
#include "common/set/backup_catalog.h"
#include "common/set/backup_pin.h"

using namespace pitr;

namespace {

constexpr Manual manual{
    .program = "pitr-expire",
    .summary = "remove old backups and the WAL that no backup needs any more",
    .operands = "",
    .description =
        "A backup stays when any of the --keep options wants it; 7 days when none is given. The newest "
        "backup that can "
        "be restored always stays, and the newest one without damaged pages. WAL goes only when every backup "
        "that stays "
        "begins behind it, on whatever timeline. Sets that wait for WAL, are read, leased or pinned stay, "
        "too; while a "
        "set cannot be read, or a backup is running, no WAL goes.\n\n"
        "Backups of several clusters in one directory are judged apart. Start with --dry-run.",
    .exit_status =
        "0  done, also when there was nothing to do\n"
        "1  failed; what is still listed can be restored\n"
        "2  wrong option or configuration\n"
        "3  done, but a set is damaged (a file is missing or cut), or there is no backup at all",
    .example = "pitr-expire --backup-dir /backup/base --archive /backup/wal -k 14 --keep-monthly 6 --dry-run",
};

struct Options {
  Remote remote;  // the archives point to it
  ExpireOptions expire;
  RetentionRules given;  // 0: not given
  int truncate = 0;
  std::string pin, unpin, until, wal = "all";
  std::string pid_file;
  std::vector<std::string> unused;
};

std::vector<Option> option_table(Options& options) {
  RetentionRules& given = options.given;
  constexpr int most = 36500;
  return {
      {"backup-dir", "b", "DIR", "remove backups from DIR", set_text(options.expire.backup_directory)},
      {"archive", "a", "[CODEC=]PLACE", "remove WAL from DIR or HOST:DIR, too; often",
       append_place(options.expire.archives, &options.remote), true},
      {"keep-days", "k", "N", "let one go back to any moment of the last N days",
       set_number(given.days, 1, most)},
      {"keep-count", "", "N", "keep the newest N", set_number(given.count, 1, most)},
      {"keep-weekly", "", "N", "keep the last one of each of N weeks", set_number(given.weekly, 1, most)},
      {"keep-monthly", "", "N", "keep the last one of each of N months", set_number(given.monthly, 1, most)},
      {"keep-yearly", "", "N", "keep the last one of each of N years", set_number(given.yearly, 1, most)},
      {"keep-min", "", "N", "keep the newest N in any case (default: 1)", set_number(given.minimum, 1, most)},
      {"waiting-days", "", "N", "give a set N days to get its WAL (default: 2)",
       set_number(given.waiting_days, 1, most)},
      {"dry-run", "d", "", "only say what would be removed", set_flag(options.expire.dry_run)},
      {"explain", "", "", "say of everything why it stays or goes", set_flag(options.expire.explain)},
      {"pin", "", "NAME", "keep the backup NAME whatever the rules say", set_text(options.pin)},
      {"until", "", "DATE", "with --pin: until DATE", set_text(options.until)},
      {"wal", "", "all|consistency", "with --pin: keep all later WAL, or only its own",
       set_choice(options.wal, {"all", "consistency"})},
      {"unpin", "", "NAME", "let the rules decide on NAME again", set_text(options.unpin)},
      {"truncate", "t", "BYTES", "shrink files in such steps before they go",
       set_number(options.truncate, 0, 2147483647)},
      {"sleep", "s", "MS", "wait so long between the steps (500)",
       set_number(options.expire.pace.pause_ms, 0, 3600000)},
      {"pid-file", "", "FILE", "refuse to run twice at a time", set_text(options.pid_file)},
      {"filename-template", "f", "PATTERN", "accepted; backups are found by what they are",
       no_meaning(options.unused, "filename-template")},
  };
}

// Locks, leases and pins are those of a directory of this host.
void require_directory(const std::string& place) {
  if (kind(parse_place(place)) != PlaceKind::directory)
    fail(Exit::usage, "--backup-dir {}: it is on another host; run pitr-expire there", place);
}

int set_pin(const Options& options, const std::string& name) {
  const std::string& directory = options.expire.backup_directory;
  const auto store = open_store(directory, {});
  const Catalog catalog = read_catalog(*store);
  const BackupSet& set = set_named(catalog, name);
  if (options.pin.empty()) {
    remove_pin(directory, set.name);
    return 0;
  }
  SetPin pin{{}, options.wal == "all" ? Pin::all : Pin::consistency};
  if (!options.until.empty()) pin.until = parse_until(options.until);
  write_pin(directory, set.name, pin, openness_of(directory).file);
  return 0;
}

void set_rules(Options& options) {
  const RetentionRules defaults;
  const RetentionRules& given = options.given;
  const bool any = given.days + given.count + given.weekly + given.monthly + given.yearly > 0;
  options.expire.rules = given;
  if (!any) options.expire.rules.days = 7;
  if (given.minimum == 0) options.expire.rules.minimum = defaults.minimum;
  if (given.waiting_days == 0) options.expire.rules.waiting_days = defaults.waiting_days;
  options.expire.pace.truncate_by = static_cast<std::uint64_t>(options.truncate);
}

int run(Options& options, const std::vector<std::string>& operands, Log& log) {
  if (!operands.empty()) fail(Exit::usage, "{}: no operand is wanted", operands.front());
  if (options.expire.backup_directory.empty())
    fail(Exit::usage, "no directory with backups: give --backup-dir");
  require_directory(options.expire.backup_directory);
  if (!options.pin.empty() && !options.unpin.empty())
    fail(Exit::usage, "--pin and --unpin: give one of them");
  if (options.pin.empty() && !options.until.empty()) fail(Exit::usage, "--until goes with --pin");
  for (const std::string& name : options.unused) log.detail("--{} has no meaning and is not used", name);
  if (!options.pin.empty()) return set_pin(options, options.pin);
  if (!options.unpin.empty()) return set_pin(options, options.unpin);
  std::optional<LockFile> alone;
  if (!options.pid_file.empty()) alone.emplace(options.pid_file, 0600);
  set_rules(options);
  return expire(options.expire, log) ? 0 : static_cast<int>(Exit::damaged);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  options.remote.temporary_directory = default_temporary_directory();
  options.given.minimum = 0;
  options.given.waiting_days = 0;
  Log log(manual.program);
  return run_program(
      manual, with_log_options(with_remote_options(option_table(options), options.remote), log), log, argc,
      argv, [&](const std::vector<std::string>& operands) { return run(options, operands, log); },
      failed_or_usage,
      [&] {
        // What root would leave there the owner could not read or remove.
        if (is_there(options.expire.backup_directory)) become_owner_of(options.expire.backup_directory);
      });
}
