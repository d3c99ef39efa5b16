#include <algorithm>
#include <iterator>

#include "archive/archive.h"
#include "archive/caller.h"
#include "archive/destinations.h"
#include "archive/flush.h"
#include "archive/histories.h"
#include "archive/look_ahead.h"
#include "archive/marking.h"
#include "common/cli/program.h"
#include "common/cli/remote_options.h"
#include "common/os/lock.h"
#include "common/os/parallel_for.h"
#include "common/os/processes.h"
#include "common/process/process.h"
#include "common/process/sibling_program.h"

using namespace pitr;

namespace {

constexpr Manual manual{
    .program = "pitr-archive",
    .summary = "archive one WAL file of PostgreSQL, durably, at every destination",
    .operands = "%p",
    .description =
        "The server's archive_command. Answers 0 only when the file is durable at every destination that "
        "--require "
        "names, and at the others or in --spool-dir; whatever else happens, PostgreSQL keeps the file and "
        "tries "
        "again.\n\n"
        "Other hosts are sent to side by side, over ssh with a shell and GNU coreutils there. With --require "
        "and "
        "--spool-dir one that is dead holds nothing up: what it has not got waits, compressed and synced, "
        "and is "
        "delivered in the background, the oldest first, as soon as it answers again.\n\n"
        "A file that is there already with the same content, in whatever codec, is made durable and is a "
        "success. "
        "One with other content is never replaced.\n\n"
        "When the server calls and more files wait, they are archived in the same call, in the server's "
        "order, each marked as done once it "
        "is durable everywhere. pg_stat_archiver therefore counts calls, not files. An archive_command that "
        "does more "
        "than this program needs --batch-size 0.\n\n"
        "A destination carries a marker, pitr-archive.id, that names the cluster: a disk that is not mounted "
        "is "
        "an error and not an empty archive. With --state-dir the first archiving marks a directory that is "
        "empty, "
        "or that holds WAL of the cluster; --init, without %p, marks any.\n\n"
        "The server calls in its data directory, so --data-dir is for calls by hand. What another server "
        "calls for, or a file that the server is still writing, is refused.",
    .exit_status =
        "0  the file is durable wherever it is required, and everywhere else or in the spool\n"
        "1  it is not; PostgreSQL keeps it and tries again\n"
        "2  wrong option or configuration; PostgreSQL keeps it and tries again",
    .example = "archive_command = 'pitr-archive -dl zstd=/backup/wal -s /data/pitr/state \"%p\"'",
};

struct Options {
  std::string data_directory = ".";
  bool force_data_directory = false;
  bool init = false;
  bool show_destinations = false;
  bool no_header_check = false;
  std::vector<Place> destinations;
  std::vector<Place> staging;
  std::vector<std::string> required;
  std::string spool_directory;
  std::uint64_t spool_most = std::uint64_t{10} << 30;
  bool flush = false;
  bool background = false;
  Remote remote;
  std::string temporary_directory;
  std::string state_directory;
  std::string pid_file;
  int batch_size = 64;
  int workers = 0;  // 0: as many as processors, at most 2
  bool not_nice = false;
  std::vector<std::string> unused;
};

// All destinations are one list: the first of a mistaken kind is refused under the name of its option.
std::function<void(const std::string&)> append_destination(Options& options, std::string_view option) {
  return [append = append_place(options.destinations, &options.remote), &options,
          option](const std::string& value) {
    append(value);
    const Place& place = options.destinations.back();
    const bool is_local = kind(place) == PlaceKind::directory;
    if (is_local == (option == "dst-local")) return;
    fail(Exit::usage, "{}: {}", place.place,
         is_local ? "neither [USER@]HOST:/PATH nor rsync://HOST/MODULE/PATH (a directory: --dst-local)"
                  : "it is on another host: give --dst-remote");
  };
}

std::vector<Option> option_table(Options& options) {
  return {
      {"data-dir", "D", "DIR", "find the cluster in DIR (default: .)", set_text(options.data_directory)},
      {"force-data-dir", "f", "", "accept a data directory without pg_control",
       set_flag(options.force_data_directory)},
      {"dst-local", "dl", "[CODEC=]DIR", "store the file in DIR; may be given often",
       append_destination(options, "dst-local"), true},
      {"dst-remote", "dr", "[CODEC=]HOST:DIR", "store it on another host; or rsync://HOST/MODULE/DIR",
       append_destination(options, "dst-remote"), true},
      {"dst-pipe", "dp", "[CODEC=]PROGRAM", "run PROGRAM NAME with the file on its stdin",
       append_program(options.destinations, options.remote), true},
      {"require", "", "WHAT", "wait for all, any, a number or these places (all)",
       append_text(options.required), true},
      {"spool-dir", "", "DIR", "keep in DIR what others have not got yet", set_text(options.spool_directory)},
      {"spool-max", "", "SIZE", "keep at most so much there (default: 10G)", set_size(options.spool_most)},
      {"flush", "", "", "deliver what waits in --spool-dir, and end", set_flag(options.flush)},
      {"background", "", "", "with --flush: be the one that a call starts", set_flag(options.background)},
      {"dst-backup", "db", "[CODEC=]DIR", "copy it into DIR, too, while pitr-base runs there",
       append_place(options.staging)},
      {"init", "", "", "mark every destination for this cluster, and end", set_flag(options.init)},
      {"show-destinations", "", "", "print the options that say where to, and end",
       set_flag(options.show_destinations)},
      {"no-header-check", "", "", "check size and name only: for encrypted WAL",
       set_flag(options.no_header_check)},
      {"state-dir", "s", "DIR", "remember in DIR which destinations were marked",
       set_text(options.state_directory)},
      {"parallel-jobs", "PJ", "N", "compress on N processors (default: up to 2)",
       set_number(options.workers, 1, 64)},
      {"batch-size", "", "N", "archive N waiting files beforehand (default: 64; 0: none)",
       set_number(options.batch_size, 0, 100'000)},
      {"pid-file", "", "FILE", "refuse to run twice at a time", set_text(options.pid_file)},
      {"temp-dir", "t", "DIR", "keep in DIR what rsync must have as a file (/tmp)",
       set_text(options.temporary_directory)},
      {"not-nice", "nn", "", "accepted; pitr-archive is never niced", no_meaning(options.unused, "not-nice")},
      unused_path(options.unused, "nice-path", "np"),
  };
}

std::filesystem::path absolute_source(const std::string& operand, const std::string& data_directory) {
  // PostgreSQL gives %p relative to the data directory.
  const std::filesystem::path path = operand;
  return path.is_absolute() ? path : std::filesystem::path(data_directory) / path;
}

void check(const Options& options) {
  if (options.destinations.empty())
    fail(Exit::usage, "no destination: give --dst-local, --dst-remote or --dst-pipe");
  for (const Place& place : options.destinations) {
    if (kind(place) != PlaceKind::directory) continue;
    if (lies_within(place.place, options.data_directory) ||
        lies_within(place.place, std::filesystem::path(options.data_directory) / "pg_wal")) {
      fail(Exit::usage, "--dst-local {}: it lies in the data directory", place.place);
    }
    if (!options.staging.empty() && lies_within(place.place, options.staging.front().place)) {
      fail(Exit::usage, "--dst-local {}: it is the staging directory, which pitr-base removes", place.place);
    }
  }
  if (options.background && !options.flush) fail(Exit::usage, "--background without --flush");
  if (options.spool_directory.empty() && (options.flush || !options.required.empty())) {
    fail(Exit::usage, "what a destination has not got yet must wait somewhere: give --spool-dir");
  }
}

std::string_view describe(Publishing way) {
  switch (way) {
    case Publishing::link:
      return "by link()";
    case Publishing::rename_without_replacing:
      return "by rename without replacing: its file system has no links";
    case Publishing::rename_under_lock:
      return "by rename under a lock that guards against archivers of this host only: its file system has no "
             "links";
  }
  __builtin_unreachable();
}

int init(const Options& options, const ArchivedCluster& cluster, Log& log) {
  if (!cluster.identity) fail(Exit::usage, "--init without pg_control in {}", options.data_directory);
  for (const Place& place : options.destinations) {
    if (kind(place) == PlaceKind::pipe) continue;
    const std::shared_ptr<Store> store = open_store(place, cluster.openness);
    mark(*store, *cluster.identity, options.state_directory, cluster.openness, log,
         [&] { store_histories(store, place, cluster.wal_directory); });
    fmt::print("{}: marked for cluster {}", place.place, cluster.identity->system_identifier);
    if (kind(place) == PlaceKind::directory) {
      fmt::print("; files get their names {}", describe(try_publishing(place.place)));
    }
    fmt::print("\n");
    if (const std::string caveat = store->caveat(); !caveat.empty()) fmt::print("{}\n", caveat);
  }
  return 0;
}

// The options in force that say where to, for another program and from whatever working directory: whichever
// configuration file says it.
std::vector<std::string> destination_words(const Options& options) {
  std::vector<std::string> words;
  const auto add = [&](std::string_view option, const std::string& value) {
    words.push_back(fmt::format("--{}={}", option, value));
  };
  const auto add_directory = [&](std::string_view option, const std::string& path) {
    if (!path.empty()) add(option, std::filesystem::absolute(path).native());
  };
  add_directory("data-dir", options.data_directory);
  add_directory("state-dir", options.state_directory);
  add_directory("spool-dir", options.spool_directory);
  for (const std::string& required : options.required) add("require", required);
  for (const Place& place : options.destinations) {
    const PlaceKind its = kind(place);
    add(its == PlaceKind::pipe        ? "dst-pipe"
        : its == PlaceKind::directory ? "dst-local"
                                      : "dst-remote",
        place_word(place));
  }
  std::ranges::copy(remote_words(options.remote), std::back_inserter(words));
  return words;
}

// The command line of who delivers in the background what waits in the spool.
std::vector<std::string> background_words(const Options& options, const Log& log) {
  std::vector<std::string> words{sibling_program(log.program()).native(), "--flush", "--background"};
  std::ranges::copy(destination_words(options), std::back_inserter(words));
  if (options.force_data_directory) words.emplace_back("--force-data-dir");
  if (options.no_header_check) words.emplace_back("--no-header-check");
  words.push_back("--temp-dir=" + std::filesystem::absolute(options.temporary_directory).native());
  std::ranges::copy(log_words(log), std::back_inserter(words));
  return words;
}

ArchiveTargets archive_targets(const Options& options, Openness openness) {
  ArchiveTargets targets{.destinations = options.destinations,
                         .requirement = Requirement(options.required, options.destinations),
                         .spool = {},
                         .staging = {},
                         .state_directory = options.state_directory,
                         .check_header = !options.no_header_check};
  if (!options.spool_directory.empty())
    targets.spool.emplace(options.spool_directory, options.spool_most, openness);
  if (!options.staging.empty()) targets.staging = options.staging.front();
  return targets;
}

int archive(const Options& options, const std::string& operand, const Archiving& archiving) {
  // A server that shuts down waits for the call.
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  require_no_other_server(options.data_directory);
  const std::filesystem::path path = absolute_source(operand, options.data_directory);
  require_finished(path, options.data_directory);
  const std::size_t workers = worker_count(options.workers, 2);
  archiving.log.timed("Archiving " + operand, [&] { archive_file(path, archiving, workers); });
  // From here on the answer is 0, whatever becomes of further files.
  const LookAhead look_ahead{options.data_directory, static_cast<std::size_t>(options.batch_size), workers,
                             end};
  archive_ahead(path, look_ahead, archiving);
  return 0;
}

// After the call, whatever came of it: another process delivers what waits in the spool.
class Flushing {
 public:
  Flushing(Options& options, const Archiving& archiving) : options_(options), archiving_(archiving) {}
  ~Flushing() {
    if (!archiving_.targets.spool) return;
    try {
      if (server_is_init()) {
        flush_briefly();
      } else {
        flush_in_background(archiving_.targets, background_words(options_, archiving_.log));
      }
    } catch (const std::exception& error) {
      archiving_.log.error("deliver what waits in the spool: {}", error.what());
    }
  }
  Flushing(const Flushing&) = delete;
  Flushing& operator=(const Flushing&) = delete;

 private:
  // Nothing may go on behind the call: it lasts a little longer, and a dead host holds it up no more than
  // that.
  void flush_briefly() {
    constexpr std::chrono::seconds most(5);
    options_.remote.timeout = std::min(options_.remote.timeout, most);
    flush(archiving_, std::chrono::steady_clock::now() + most);
  }

  Options& options_;
  const Archiving& archiving_;
};

// Looks after the spool before anything is archived. False: something waits in it for nobody.
bool look_at_spool(const Archiving& archiving) {
  const ArchiveTargets& targets = archiving.targets;
  if (!targets.spool) return true;
  if (!targets.state_directory.empty() && archiving.cluster.identity) {
    require_spool(targets.spool->directory(), *archiving.cluster.identity, targets.state_directory,
                  archiving.cluster.openness, archiving.log);
  }
  const auto queues = targets.spool->queues_of_nobody(targets.destinations);
  for (const auto& queue : queues) {
    archiving.log.error(
        "{}: files wait in it for no destination of this command (give the destination that it is named "
        "after, or remove the directory)",
        queue.native());
  }
  return queues.empty();
}

int run(Options& options, const std::vector<std::string>& operands, Log& log) {
  if (options.show_destinations) {
    for (const std::string& word : destination_words(options)) fmt::print("{}\n", word);
    return 0;
  }
  check(options);
  for (const std::string& name : options.unused) log.detail("--{} has no meaning and is not used", name);
  const ArchivedCluster cluster =
      look_at_data_directory(options.data_directory, options.force_data_directory);
  std::optional<LockFile> alone;
  if (!options.pid_file.empty()) alone.emplace(options.pid_file, cluster.openness.file);
  if (options.init) return init(options, cluster, log);

  const std::size_t wanted = options.flush ? 0 : 1;
  if (operands.size() != wanted) {
    fail(Exit::usage, "{} operands given, {}", operands.size(),
         options.flush ? "none is wanted" : "one is wanted: the path of a WAL file");
  }
  options.remote.temporary_directory = options.temporary_directory;
  const ArchiveTargets targets = archive_targets(options, cluster.openness);
  Destinations destinations(cluster, targets, log);
  const Archiving archiving{cluster, targets, destinations, log};
  const bool all_have_an_owner = look_at_spool(archiving);
  if (options.background) return flush_patiently(archiving) ? 0 : 1;
  if (options.flush) return flush(archiving) && all_have_an_owner ? 0 : 1;
  const Flushing flushing(options, archiving);
  return archive(options, operands.front(), archiving);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  options.temporary_directory = default_temporary_directory();
  Log log(manual.program);
  const auto table =
      with_remote_options(with_compressor_paths(option_table(options), options.unused), options.remote);
  return run_program(
      manual, with_log_options(table, log), log, argc, argv,
      [&](const std::vector<std::string>& operands) { return run(options, operands, log); },
      // PostgreSQL asks again after 1..125; it need not know more than that the file is not stored.
      [&](const Error& error) { return error.code() == Exit::usage && !options.background ? 2 : 1; },
      // Typed by root, what it leaves must not be root's.
      [&] { become_owner_of(options.data_directory); });
}
