#include <unistd.h>

#include <cstdio>
#include <ctime>

#include "common/cli/program.h"
#include "common/cli/remote_options.h"
#include "common/os/parallel_for.h"
#include "common/process/process.h"
#include "common/set/drill_record.h"
#include "monitor/verify/drill_scratch.h"
#include "monitor/verify/report.h"

using namespace pitr;

namespace {

constexpr Manual manual{
    .program = "pitr-verify",
    .summary = "prove that backups and WAL archives can be restored",
    .operands = "",
    .description =
        "Reads the backups of a directory to their ends: digests, every block decompressed, every file "
        "against the "
        "manifest, page checksums, the bundled WAL from start to stop. Lists archives and looks for segments "
        "that are "
        "missing, follows the timelines. Says for each backup to which points it can be recovered now.\n\n"
        "Every finding names the file and, where it can be known, the member of the tar and the offset.\n\n"
        "--drill restores the newest backup, or --backup, into a directory of its own, starts a private "
        "server that "
        "nobody else can reach, replays the WAL, reads every table and checks all B-tree indexes by amcheck, "
        "runs "
        "--drill-sql, says how long it took and removes everything.",
    .exit_status =
        "0  nothing is wrong\n"
        "1  something could not be looked at (it is named)\n"
        "2  wrong option or configuration\n"
        "3  something is damaged or missing (it is named)",
    .example = "pitr-verify --backup-dir /backup/base --archive /backup/wal",
};

struct Options {
  VerifyOptions verify;
  std::string owner, state_directory;
  std::string format = "text";
  int workers = 0;
  bool not_nice = false;
};

// "7/30": the seventh of thirty parts.
Sample parse_sample(const std::string& text) {
  const std::size_t slash = text.find('/');
  int part = 0, parts = 0;
  if (slash == text.npos) fail(Exit::usage, "--sample {}: wanted is K/N, the K-th of N parts", text);
  set_number(parts, 1, 10000)(text.substr(slash + 1));
  set_number(part, 1, parts)(text.substr(0, slash));
  return {static_cast<std::uint64_t>(parts), static_cast<std::uint64_t>(part - 1)};
}

// A target goes to pitr-recover as it is, which knows what it means.
std::function<void(const std::string&)> pass_on(std::vector<std::string>& words, std::string_view name) {
  return [&words, name](const std::string& value) { words.push_back(fmt::format("--{}={}", name, value)); };
}

std::vector<Option> option_table(Options& options) {
  VerifyOptions& verify = options.verify;
  DrillOptions& drill = options.verify.drill;
  return {
      {"backup-dir", "b", "[HOST:]DIR", "check the backups in DIR, of another host by ssh",
       set_place_without_codec(verify.backups, verify.remote)},
      {"backup", "", "NAME", "check this backup alone (its name or that of a file)", set_text(verify.backup)},
      {"archive", "a", "[CODEC=]PLACE", "check the WAL archive DIR or HOST:DIR; may be given often",
       append_place(verify.archives, &verify.remote), true},
      {"quick", "q", "", "check names, sizes and states, read no data", set_flag(verify.check.quick)},
      {"sample", "", "K/N", "read the K-th of N parts, 1/N to N/N",
       [&](const std::string& value) { verify.check.sample = parse_sample(value); }},
      {"deep", "", "", "read every file of the archives, too", set_flag(verify.deep)},
      {"format", "", "text|json", "print the report so (default: text)",
       set_choice(options.format, {"text", "json"})},
      {"drill", "", "", "restore a backup, start it, and check the data in it", set_flag(drill.wanted)},
      {"state-dir", "s", "DIR", "leave the record of a drill in DIR (default: --backup-dir)",
       set_text(options.state_directory)},
      {"drill-dir", "", "DIR", "restore into a directory in DIR; the cluster must fit",
       set_text(drill.scratch)},
      {"drill-sql", "", "FILE", "run FILE in the copy; an error in it is a finding",
       set_text(drill.sql_file)},
      {"database", "d", "NAME", "begin in the database NAME (default: postgres)", set_text(drill.database)},
      {"username", "U", "NAME", "connect to the copy as NAME (default: postgres)", set_text(drill.username)},
      {"target-time", "", "TIME", "end the drill at TIME (default: all WAL)",
       pass_on(drill.target, "target-time")},
      {"target-lsn", "", "LSN", "end the drill at LSN", pass_on(drill.target, "target-lsn")},
      {"target-name", "", "NAME", "end the drill at the restore point NAME",
       pass_on(drill.target, "target-name")},
      {"target-immediate", "", "", "end the drill at the end of the backup",
       [&](const std::string&) { drill.target.emplace_back("--target-immediate"); }},
      {"target-timeline", "", "TIMELINE", "follow this timeline (default: latest)",
       pass_on(drill.target, "target-timeline")},
      {"bindir", "", "DIR", "run PostgreSQL's programs from DIR", set_text(drill.bindir)},
      {"owner", "", "USER", "as root: become USER, who runs the copy", set_text(options.owner)},
      {"parallel-jobs", "PJ", "N", "work on N processors (default: up to 4)",
       set_number(options.workers, 1, 64)},
      {"not-nice", "nn", "", "run at normal priority", set_flag(options.not_nice)},
  };
}

void check(const Options& options, const std::vector<std::string>& operands) {
  const VerifyOptions& verify = options.verify;
  if (!operands.empty()) fail(Exit::usage, "{}: no operand is wanted", operands.front());
  if (verify.backups.place.empty() && verify.archives.empty()) {
    fail(Exit::usage, "nothing to verify: give --backup-dir, --archive or both");
  }
  if (!verify.backup.empty() && verify.backups.place.empty())
    fail(Exit::usage, "--backup goes with --backup-dir");
  if (verify.deep && verify.archives.empty()) fail(Exit::usage, "--deep goes with --archive");
  if (verify.drill.wanted && verify.backups.place.empty())
    fail(Exit::usage, "--drill goes with --backup-dir");
  if (verify.drill.wanted && ::geteuid() == 0)
    fail(Exit::usage, "PostgreSQL does not run as root: give --owner USER");
  if (verify.drill.wanted && verify.drill.scratch.empty())
    fail(Exit::usage, "--drill goes with --drill-dir DIR, which the whole cluster must fit into");
  if (verify.drill.wanted) require_short_path(verify.drill.scratch);
  const bool is_for_drill = !verify.drill.sql_file.empty() || !verify.drill.target.empty();
  if (is_for_drill && !verify.drill.wanted) fail(Exit::usage, "a target and --drill-sql go with --drill");
  if (verify.check.quick && (verify.deep || !verify.check.sample.is_all())) {
    fail(Exit::usage, "--quick reads nothing: it does not go with --deep or --sample");
  }
}

// For pitr-monitor. A record that cannot be written makes no finding of a drill that passed; it is seen to be
// old.
void leave_record(const Options& options, const DrillReport& drill, Log& log) {
  const VerifyOptions& verify = options.verify;
  const std::string& directory =
      options.state_directory.empty() ? verify.backups.place : options.state_directory;
  try {
    if (options.state_directory.empty() && kind(verify.backups) != PlaceKind::directory) {
      fail(Exit::failed, "{}: a drill leaves its record in a directory of this host", verify.backups.place);
    }
    write_drill_record(directory,
                       {std::time(nullptr), drill.backup,
                        drill.copy_seconds + drill.replay_seconds + drill.check_seconds, drill.target});
  } catch (const Error& error) {
    log.error("{}; pitr-monitor will not know of this drill (give --state-dir)", error.what());
  }
}

int run(Options& options, const std::vector<std::string>& operands, Log& log) {
  check(options, operands);
  // The drill reads its backup to the end; of the others names and sizes will do.
  if (options.verify.drill.wanted && !options.verify.deep) options.verify.check.quick = true;
  if (!options.not_nice) be_nice();
  options.verify.check.workers = worker_count(options.workers, 4);
  Report report;
  verify(options.verify, report, log);
  if (report.drill && report.drill->passed) leave_record(options, *report.drill, log);
  fmt::print(stdout, "{}", options.format == "json" ? report_json(report) : report_text(report));
  if (report.findings.any_unknown()) return static_cast<int>(Exit::failed);
  return static_cast<int>(report.findings.count() > 0 ? Exit::damaged : Exit::done);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  options.verify.remote.temporary_directory = default_temporary_directory();
  options.verify.drill.username = options.verify.drill.database = "postgres";
  Log log(manual.program);
  const auto table = with_remote_options(option_table(options), options.verify.remote);
  return run_program(
      manual, with_log_options(table, log), log, argc, argv,
      [&](const std::vector<std::string>& operands) { return run(options, operands, log); }, {},
      [&] {
        if (!options.owner.empty()) become_user(options.owner);
      });
}
