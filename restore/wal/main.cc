#include <fcntl.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "common/cli/program.h"
#include "common/cli/remote_options.h"
#include "common/os/lock.h"
#include "common/os/signals.h"
#include "common/postgres/control_file.h"
#include "common/process/process.h"
#include "common/process/sibling_program.h"
#include "restore/wal/prefetcher.h"
#include "restore/wal/removal.h"
#include "restore/wal/reply.h"

using namespace pitr;

namespace {

constexpr Manual manual{
    .program = "pitr-restore",
    .summary = "hand a verified WAL file to PostgreSQL's recovery",
    .operands = "%f %p",
    .description =
        "The server's restore_command. Hands over only files that are decompressed to their end and checked "
        "(size, page header, cluster, position), and says \"there is none\" only when every source was "
        "reached and has none: PostgreSQL takes that as the end of the WAL and promotes.\n\n"
        "Whatever else happens is tried again for --retry-time under recovery.signal and then stops the "
        "server without promoting it; repair the archive and start it again, nothing is lost.\n\n"
        "Waits for a segment that has not come yet with --wait, and in OmniPITR's warm standby: "
        "--finish-trigger or --recovery-delay given, neither --streaming-replication nor standby.signal.",
    .exit_status =
        "0    the file is in place, complete and verified\n"
        "1    proven absent in every source; behind --until, under recovery.signal\n"
        "2    could not look; PostgreSQL is a standby, or not in recovery, and asks again\n"
        "200  could not look, under recovery.signal: the server stops instead of promoting",
    .example = "restore_command = 'pitr-restore -s /backup/wal %f %p'",
};

struct Options {
  std::string data_directory;  // "": the working directory, which is PostgreSQL's data directory
  std::vector<Place> sources;
  Remote remote;
  bool wait = false;
  bool no_wait = false;
  bool streaming_replication = false;
  int retry_time = 30;
  int history_retry_time = 600;
  int recovery_delay = 0;
  std::string finish_trigger;
  std::string gap = "stop";
  std::string partial = "refuse";
  std::optional<WalName> until;
  std::string on_error;
  bool remove_unneeded = false;
  bool remove_before = false;
  int remove_at_a_time = 3;
  std::string removal_pause_trigger;
  std::string pre_removal_processing;
  std::string temporary_directory;
  int prefetch = 8;
  std::string prefetch_directory;
  bool background = false;
  std::string pid_file;
  std::string ignored;
  std::vector<std::string> unused;
};

WalName parse_segment(const std::string& text) {
  const auto name = WalName::parse(text);
  if (!name || name->kind() != WalKind::segment) fail(Exit::usage, "{}: not the name of a segment", text);
  return *name;
}

std::vector<Option> option_table(Options& options) {
  return {
      {"source", "s", "[CODEC=]PLACE", "look in DIR or HOST:DIR; may be given often, tried in order",
       append_place(options.sources, &options.remote), true},
      {"data-dir", "D", "DIR", "find the cluster in DIR (default: .)", set_text(options.data_directory)},
      {"wait", "", "", "wait for a segment that has not come yet", set_flag(options.wait)},
      {"no-wait", "", "", "answer at once that it is not there", set_flag(options.no_wait)},
      {"streaming-replication", "sr", "", "answer at once, as --no-wait",
       set_flag(options.streaming_replication)},
      {"retry-time", "", "SECONDS", "retry so long under recovery.signal (default: 30)",
       set_number(options.retry_time, 0, 86400)},
      {"history-retry-time", "", "SECONDS", "retry the last history so long (default: 600)",
       set_number(options.history_retry_time, 0, 86400)},
      {"on-error", "", "again|stop", "answer every failure with 2 or with 200",
       set_choice(options.on_error, {"again", "stop"})},
      {"gap", "", "stop|end", "stop or end recovery at a hole (default: stop)",
       set_choice(options.gap, {"stop", "end"})},
      {"partial", "", "refuse|allow", "hand out .partial files at the end (default: refuse)",
       set_choice(options.partial, {"refuse", "allow"})},
      {"until", "", "SEGMENT", "end recovery behind SEGMENT; pitr-recover gives it",
       [&](const std::string& value) { options.until = parse_segment(value); }},
      {"recovery-delay", "w", "SECONDS", "hold each segment back so long",
       set_number(options.recovery_delay, 0, 864000)},
      {"finish-trigger", "f", "FILE", "end recovery when FILE exists; NOW in it: at once",
       set_text(options.finish_trigger)},
      {"remove-unneeded", "r", "", "remove older segments from the source; %r may follow",
       set_flag(options.remove_unneeded)},
      {"remove-before", "rb", "", "remove before restoring, not after", set_flag(options.remove_before)},
      {"remove-at-a-time", "rt", "N", "remove at most N segments a call (default: 3)",
       set_number(options.remove_at_a_time, 1, 100000)},
      {"removal-pause-trigger", "p", "FILE", "remove nothing while FILE exists",
       set_text(options.removal_pause_trigger)},
      {"pre-removal-processing", "h", "COMMAND", "run COMMAND pg_wal/NAME before removing",
       set_text(options.pre_removal_processing)},
      {"temp-dir", "t", "DIR", "uncompress for COMMAND in DIR (default: $TMPDIR, /tmp)",
       set_text(options.temporary_directory)},
      {"prefetch-dir", "", "DIR", "fetch the next segments ahead of time into DIR",
       set_text(options.prefetch_directory)},
      {"prefetch", "", "N", "fetch at most N ahead; 0: none (default: 8)",
       set_number(options.prefetch, 0, 64)},
      {"background", "", "", "prefetch for the server, as who is started by a call",
       set_flag(options.background)},
      {"error-pgcontroldata", "ep", "WHAT", "accepted; pg_control is read directly",
       no_meaning(options.unused, "error-pgcontroldata")},
      unused_path(options.unused, "pgcontroldata-path", "pp"),
      {"pid-file", "", "FILE", "refuse to run twice at a time", set_text(options.pid_file)},
  };
}

// What stands on the command line besides options: [%r of --remove-unneeded,] %f, %p.
struct Operands {
  WalName name;
  std::string target;
  std::string restart;  // of --remove-unneeded; "": not given
};

Operands parse_operands(const Options& options, std::vector<std::string> words) {
  std::string restart;
  if (options.remove_unneeded && words.size() == 3) {
    // "-r %r" reads as a switch and an operand: before or behind "%f %p", of which %p alone has a directory.
    const auto at = words[1].find('/') == std::string::npos ? words.begin() : words.end() - 1;
    restart = *at;
    oldest_needed(restart, {});  // throws for what is none
    words.erase(at);
  }
  if (words.size() != 2) fail(Exit::usage, "{} operands given, two are wanted: %f and %p", words.size());
  const auto name = WalName::parse(words[0]);
  if (!name) fail(Exit::usage, "{}: not the name of a WAL file", words[0]);
  return {*name, words[1], restart};
}

// A command line that does not parse assigns nothing, and still the answer depends on who is asking.
std::string data_directory_in(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    for (const std::string_view name : {"--data-dir", "-data-dir", "--D", "-D"}) {
      if (word == name && i + 1 < argc) return argv[i + 1];
      if (word.starts_with(name) && word.substr(name.size()).starts_with('=')) {
        return std::string(word.substr(name.size() + 1));
      }
    }
  }
  return {};
}

std::filesystem::path data_directory(const Options& options) {
  return options.data_directory.empty() ? "." : options.data_directory;
}

void check(const Options& options) {
  if (options.sources.empty()) fail(Exit::usage, "no place to look in: give --source");
  if (!options.prefetch_directory.empty() && !options.prefetch_directory.starts_with('/')) {
    fail(Exit::usage, "--prefetch-dir {}: not an absolute path", options.prefetch_directory);
  }
  if (options.background && options.prefetch_directory.empty())
    fail(Exit::usage, "--background without --prefetch-dir");
  if (options.wait && (options.no_wait || options.streaming_replication)) {
    fail(Exit::usage, "--wait contradicts --no-wait and --streaming-replication");
  }
  if (options.remove_unneeded && options.sources.size() != 1) {
    fail(Exit::usage, "--remove-unneeded with {} sources: give the one to remove from",
         options.sources.size());
  }
  if (is_there(data_directory(options) / "recovery.conf")) {
    fail(Exit::usage, "{}/recovery.conf exists: PostgreSQL 12 and later refuse to start with it",
         data_directory(options).native());
  }
}

RestoreRequest make_request(const Options& options, const Operands& operands) {
  const std::filesystem::path directory = data_directory(options);
  std::filesystem::path target = operands.target;
  if (target.is_relative()) target = directory / target;
  RestoreRequest request{operands.name, target, options.sources, {}, directory, options.partial == "allow",
                         options.until};
  // A person in another directory, and pg_rewind, have no cluster here. One that was named must be one.
  if (!options.data_directory.empty() || is_there(directory / "global" / "pg_control")) {
    request.system_identifier = read_cluster_identity(directory).system_identifier;
  }
  return request;
}

Patience make_patience(const Options& options) {
  // OmniPITR's warm standby would promote at the first segment that has not come yet.
  const bool warm_standby = (!options.finish_trigger.empty() || options.recovery_delay > 0) &&
                            !options.streaming_replication && !options.no_wait &&
                            asker(data_directory(options)) != Asker::standby;
  return {.wait = options.wait || warm_standby,
          .retry_time = static_cast<double>(options.retry_time),
          .history_retry_time = static_cast<double>(options.history_retry_time),
          .recovery_delay = static_cast<double>(options.recovery_delay),
          .finish_trigger = options.finish_trigger,
          .gap_ends_recovery = options.gap == "end"};
}

void remove_old_segments(const Options& options, const std::string& restart, Log& log) {
  if (!options.remove_unneeded) return;
  try {
    const auto oldest = oldest_needed(restart, data_directory(options));
    if (!oldest) return;
    const Removal removal{.at_a_time = options.remove_at_a_time,
                          .pause_trigger = options.removal_pause_trigger,
                          .before_each = options.pre_removal_processing,
                          .temporary_directory = options.remote.temporary_directory};
    remove_unneeded(*open_store(options.sources.front(), {}), *oldest, removal, log);
  } catch (const Error& error) {
    // What could not be removed is removed the next time; the answer about the WAL stands.
    log.error("remove old segments: {}", error.what());
  }
}

// The command line of the worker that prefetches.
std::vector<std::string> worker_words(const Options& options) {
  std::vector<std::string> words{
      sibling_program("pitr-restore").native(),
      "--background",
      "--data-dir=" + std::filesystem::absolute(data_directory(options)).native(),
      "--prefetch-dir=" + options.prefetch_directory,
      fmt::format("--prefetch={}", options.prefetch),
      "--temp-dir=" + std::filesystem::absolute(options.remote.temporary_directory).native(),
  };
  for (const Place& source : options.sources) words.push_back("--source=" + place_word(source));
  std::ranges::copy(remote_words(options.remote), std::back_inserter(words));
  return words;
}

int prefetch_in_background(const Options& options, const std::vector<std::string>& operands) {
  if (!operands.empty()) fail(Exit::usage, "{} operands given, none is wanted", operands.size());
  prefetch({.directory = options.prefetch_directory,
            .data_directory = data_directory(options),
            .cluster = read_cluster_identity(data_directory(options)),
            .sources = options.sources,
            .segments = options.prefetch});
  return 0;
}

// PostgreSQL takes the death by SIGTERM as its own shutdown; an exit status would be an answer.
void die_by(int signal_number) {
  ::signal(signal_number, SIG_DFL);
  ::raise(signal_number);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  Log log(manual.program);
  std::optional<RestoreRequest> request;
  const auto answer_failure = [&] {
    if (options.data_directory.empty()) options.data_directory = data_directory_in(argc, argv);
    if (options.on_error == "again") return Answer::ask_again;
    if (options.on_error == "stop") return Answer::stop_recovery;
    return request ? answer_for_failure(*request) : answer_for_failure(asker(data_directory(options)));
  };
  const auto job = [&](const std::vector<std::string>& words) {
    remember_user_signal();
    check(options);
    options.remote.temporary_directory =
        options.temporary_directory.empty() ? default_temporary_directory() : options.temporary_directory;
    if (options.background) return prefetch_in_background(options, words);
    const Operands operands = parse_operands(options, words);
    request = make_request(options, operands);
    for (const std::string& name : options.unused) log.detail("--{} has no meaning and is not used", name);
    std::optional<LockFile> alone;
    if (!options.pid_file.empty()) alone.emplace(options.pid_file, 0600);

    if (options.remove_before) remove_old_segments(options, operands.restart, log);
    // What is held back must not be taken from where its age is not known.
    Prefetch prefetch(options.prefetch_directory, options.recovery_delay > 0 ? 0 : options.prefetch, *request,
                      log);
    const Answer answer = reply(*request, make_patience(options), prefetch, log);
    if (answer == Answer::absent) log.note("{} is in no source", request->name.text());
    if (!options.remove_before && answer == Answer::restored)
      remove_old_segments(options, operands.restart, log);
    prefetch.conclude(answer, [&] { return worker_words(options); });
    return static_cast<int>(answer);
  };
  const auto status = [&](const Error&) {
    if (options.background) return 1;
    if (caught_signal() != 0) die_by(caught_signal());
    return static_cast<int>(answer_failure());
  };
  // Called by root, what it leaves must not be root's.
  const auto prepare = [&] {
    const std::filesystem::path directory = data_directory(options);
    if (is_there(directory / "global" / "pg_control")) become_owner_of(directory);
  };
  const auto table =
      with_remote_options(with_compressor_paths(option_table(options), options.unused), options.remote);
  return run_program(manual, with_log_options(table, log), log, argc, argv, job, status, prepare);
}
