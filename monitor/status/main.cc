#include <algorithm>
#include <cstdio>
#include <ctime>
#include <map>

#include "common/cli/program.h"
#include "common/cli/remote_options.h"
#include "common/os/file.h"
#include "common/process/process.h"
#include "monitor/status/check.h"
#include "monitor/status/page.h"

using namespace pitr;

namespace {

constexpr Manual manual{
    .program = "pitr-monitor",
    .summary = "say how archiving, restoring and backups are doing",
    .operands = "",
    .description =
        "Runs checks. Without --check all that the other options name a place for, those of the server "
        "always. With "
        "one --check and no --format it prints one bare number.\n\n"
        "Checks: archiving-off, archive-queue, current-archive-time, last-archive-age, last-restore-age, "
        "current-restore-time (from the server); last-backup-age, backup-size (--backup-dir); wal-gap "
        "(--archive); "
        "recovery-window (both); spool-queue (--spool-dir); staging-stale (--xlogs); free-space (any "
        "directory); "
        "drill-age (--state-dir or --backup-dir); errors (--log).\n\n"
        "A threshold is a range that raises no alarm, as plugins of Nagios have it: 10 is 0 to 10, 10: is 10 "
        "and more, "
        "@5:10 is not 5 to 10. s m h d w stand for times, K M G T for bytes. Thresholds of other checks than "
        "the given "
        "ones keep their defaults; an empty value (archive-queue=) means no alarm.\n\n"
        "What could not be looked at is UNKNOWN and never OK.",
    .exit_status =
        "0  OK\n"
        "1  WARNING\n"
        "2  CRITICAL\n"
        "3  UNKNOWN: something could not be looked at, or a wrong option",
    .example = "pitr-monitor -b /backup/base -a /backup/wal --format nagios --critical archive-queue=50",
};

struct Options {
  MonitorPlaces places;
  std::vector<std::string> checks, warning, critical;
  std::string format, output;
  Labels labels;
  int timeout = 60;
  bool list = false;
  std::vector<std::string> unused;
};

std::pair<std::string, std::string> parse_label(const std::string& text) {
  const std::size_t end = text.find('=');
  const std::string name = text.substr(0, std::min(end, text.size()));
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
  const bool is_ours = name == "check" || name == "place" || name == "version";
  if (end == text.npos || name.empty() || name.find_first_not_of(allowed) != name.npos ||
      (name[0] >= '0' && name[0] <= '9') || is_ours)
    fail(Exit::usage, "--label {}: wanted is NAME=VALUE, with a NAME of letters, digits and _{}", text,
         is_ours ? ", none of our own" : "");
  return {name, text.substr(end + 1)};
}

std::vector<Option> option_table(Options& options, Log& log) {
  MonitorPlaces& places = options.places;
  return {
      {"check", "c", "NAME", "run this check; may be given often", append_text(options.checks), true},
      {"list", "", "", "print the checks and their thresholds", set_flag(options.list)},
      {"warning", "w", "[NAME=]RANGE", "warn outside RANGE; NAME= with several checks",
       append_text(options.warning), true},
      {"critical", "", "[NAME=]RANGE", "the same for critical", append_text(options.critical), true},
      {"format", "", "text|json|nagios|prometheus", "print so (default: text; one check: a number)",
       set_choice(options.format, {"text", "json", "nagios", "prometheus"})},
      {"label", "", "NAME=VALUE", "prometheus: put it on every sample; may be given often",
       [&](const std::string& value) { options.labels.push_back(parse_label(value)); }, true},
      {"timeout", "", "SECONDS", "give up then, as unknown (default: 60)",
       set_number(options.timeout, 1, 86400)},
      {"output", "o", "FILE", "write to FILE, which is whole at any moment", set_text(options.output)},
      {"archive", "a", "[CODEC=]PLACE", "look at the WAL archive DIR or HOST:DIR; may be given often",
       append_place(places.archives, &places.remote), true},
      {"backup-dir", "b", "[HOST:]DIR", "look at the backups in DIR", set_text(places.backup_directory)},
      {"xlogs", "x", "DIR", "look at the staging directory DIR; may be given often",
       append_text(places.staging_directories), true},
      {"spool-dir", "", "DIR", "look at the spool of pitr-archive", set_text(places.spool_directory)},
      {"data-dir", "D", "DIR", "free-space: look at the data directory, too",
       set_text(places.data_directory)},
      {"log", "l", "FILE", "read the logs FILE (^Y-^m-^d: any date); often", append_text(places.logs), true},
      {"from", "", "TIME|-SECONDS", "count errors since then (default: one day)", set_text(places.from)},
      {"state-dir", "s", "DIR", "read the record of pitr-verify --drill in DIR",
       set_text(places.state_directory)},
      {"host", "h", "HOST", "connect to the server at HOST or in that directory",
       set_text(places.server.host)},
      {"port", "p", "PORT", "connect to this port", set_text(places.server.port)},
      {"username", "U", "NAME", "connect as NAME, who has the role pg_monitor",
       set_text(places.server.username)},
      {"database", "d", "NAME", "connect to the database NAME (default: postgres)",
       set_text(places.server.database)},
      {"verbose", "v", "", "say on stderr what is done",
       [&log](const std::string&) { log.set_verbose(true); }},
      {"temp-dir", "t", "DIR", "fetch from rsync:// into DIR (default: $TMPDIR or /tmp)",
       [&](const std::string& value) { places.remote.temporary_directory = value; }},
      {"psql-path", "pp", "FILE", "accepted; psql is not used", no_meaning(options.unused, "psql-path")},
  };
}

// The letters that may stand behind a number of this kind.
std::string_view letters_of(Unit unit) {
  switch (unit) {
    case Unit::seconds:
      return "smhdw";
    case Unit::bytes:
      return "KMGT";
    case Unit::percent:
      return "%";
    case Unit::count:
      return "";
  }
  return "";
}

using Thresholds = std::map<std::string_view, std::string>;

// "[NAME=]RANGE" by names of checks.
Thresholds by_check(const std::vector<std::string>& given, std::string_view option,
                    const std::vector<WantedCheck>& wanted) {
  Thresholds result;
  for (const std::string& text : given) {
    const std::size_t end = text.find('=');
    if (end == text.npos && wanted.size() != 1) {
      fail(Exit::usage, "--{} {}: of which check? (write --{} NAME={})", option, text, option, text);
    }
    const Check& check =
        end == text.npos ? *wanted.front().check : check_named(std::string_view(text).substr(0, end));
    const std::string range = end == text.npos ? text : text.substr(end + 1);
    if (!range.empty() && !Threshold::parse(range)) {
      fail(Exit::usage, "--{} {}: '{}' is no range (10, 10:, 5:10, @5:10; 26h, 10G)", option, text, range);
    }
    const std::size_t letter =
        range.find_first_not_of(fmt::format("0123456789.:@~-{}", letters_of(check.unit)));
    if (letter != range.npos)
      fail(Exit::usage, "--{} {}: {} is not counted in {}", option, text, check.name, range[letter]);
    if (std::ranges::find(wanted, &check, &WantedCheck::check) == wanted.end()) {
      fail(Exit::usage, "--{} {}: {} is not run (give --check {}, or the place it looks at)", option, text,
           check.name, check.name);
    }
    if (!result.emplace(check.name, range).second)
      fail(Exit::usage, "--{}: {} is given twice", option, check.name);
  }
  return result;
}

std::vector<WantedCheck> wanted_checks(const Options& options) {
  std::vector<WantedCheck> wanted;
  for (const std::string& name : options.checks) wanted.push_back({&check_named(name), {}, {}});
  for (const Check& check : all_checks()) {
    if (options.checks.empty() && check.is_asked_for(options.places)) wanted.push_back({&check, {}, {}});
  }
  const Thresholds warning = by_check(options.warning, "warning", wanted);
  const Thresholds critical = by_check(options.critical, "critical", wanted);
  const auto threshold = [](const Thresholds& given, const Check& check, std::string_view by_default) {
    const auto found = given.find(check.name);
    return Threshold::parse(found == given.end() ? by_default : found->second);
  };
  for (WantedCheck& one : wanted) {
    one.warning = threshold(warning, *one.check, one.check->warning);
    one.critical = threshold(critical, *one.check, one.check->critical);
  }
  return wanted;
}

std::string page(const Options& options, const std::vector<CheckResult>& results, Log& log) {
  const std::time_t now = std::time(nullptr);
  if (options.format == "json") return status_json(results, now);
  if (options.format == "nagios") return status_nagios(results);
  if (options.format == "prometheus") return status_prometheus(results, now, options.labels);
  if (!options.format.empty() || results.size() != 1 || options.checks.empty()) return status_text(results);
  if (!results.front().value) log.error("{}: {}", results.front().check->name, results.front().detail);
  return status_number(results.front());
}

void write(const std::string& path, const std::string& text) {
  // node_exporter is another user.
  AtomicFile file(path, AtomicFile::Existing::replace, 0644);
  file.write(std::as_bytes(std::span(text)));
  file.finish();
}

void print_checks() {
  fmt::print(stdout, "{:<21} {:<9} {:<9} {}\n", "check", "warning", "critical", "what it measures");
  for (const Check& check : all_checks()) {
    const auto range = [](std::string_view text) { return text.empty() ? "-" : text; };
    fmt::print(stdout, "{:<21} {:<9} {:<9} {}\n", check.name, range(check.warning), range(check.critical),
               check.measures);
  }
}

int look(const Options& options, const std::vector<WantedCheck>& wanted, Log& log) {
  Places places(options.places);
  const std::vector<CheckResult> results = run_checks(wanted, !options.checks.empty(), places);
  const std::string text = page(options, results, log);
  if (options.output.empty()) {
    fmt::print(stdout, "{}", text);
  } else {
    write(options.output, text);
  }
  std::fflush(stdout);
  return static_cast<int>(worst(results));
}

int run(Options& options, const std::vector<std::string>& operands, Log& log) {
  if (!operands.empty()) fail(Exit::usage, "{}: no operand is wanted", operands.front());
  if (options.list) {
    print_checks();
    return 0;
  }
  for (const std::string& name : options.unused) log.detail("--{} has no meaning and is not used", name);
  if (options.places.server.database.empty()) options.places.server.database = "postgres";
  const std::vector<WantedCheck> wanted = wanted_checks(options);
  // Nobody can end a look at a dead NFS server: it is a process of its own, which can be left behind.
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + std::chrono::seconds(options.timeout);
  const auto status =
      run_apart([&] { return look(options, wanted, log); }, [&] { return Clock::now() > deadline; });
  if (!status) fail(Exit::failed, "no answer within {} s (does a place hang? try --check)", options.timeout);
  return *status;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  options.places.remote.temporary_directory = default_temporary_directory();
  Log log(manual.program);
  return run_program(
      manual, with_remote_options(option_table(options, log), options.places.remote), log, argc, argv,
      [&](const std::vector<std::string>& operands) { return run(options, operands, log); },
      [&](const Error& error) {
        // Nagios shows stdout.
        if (options.format == "nagios") fmt::print(stdout, "PITR UNKNOWN - {}\n", error.what());
        return static_cast<int>(Status::unknown);
      });
}
