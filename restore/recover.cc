#include "restore/recover.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "common/lock.h"
#include "restore/free_place.h"
#include "restore/listing.h"
#include "restore/plan.h"
#include "restore/set_stream.h"
#include "restore/unpack.h"

namespace pitr {
namespace {

namespace fs = std::filesystem;

// stdout belongs to what was asked for; run_program looks whether it was written.
void say(const std::string& text) { std::fputs(text.c_str(), stdout); }

fs::path temporary_directory() {
  const char* directory = std::getenv("TMPDIR");
  return directory == nullptr ? "/tmp" : directory;
}

// pitr-restore lies beside this program.
std::string restore_program() {
  std::error_code code;
  const fs::path own = fs::read_symlink("/proc/self/exe", code);
  const std::string program = own.parent_path() / "pitr-restore";
  if (code || ::access(program.c_str(), X_OK) != 0) {
    fail(Exit::failed, "{}: it is not there, and the restored server needs it as its restore_command", program);
  }
  return program;
}

PlanRequest plan_request(const RecoverOptions& options) {
  return {.backup = options.backup,
          .sources = options.sources,
          .rescued = {},
          .rescued_histories = {},
          .target = options.target,
          .search = options.search,
          .bindir = options.bindir,
          .temporary_directory = temporary_directory()};
}

TablespaceMapping mapping_for(const RecoverOptions& options, const Meta& meta) {
  TablespaceMapping mapping = options.mapping;
  mapping.old_data_directory = (fs::path(meta.data_directory) / "").lexically_normal().parent_path().native();
  mapping.new_data_directory = options.data_directory;
  return mapping;
}

std::string timelines_text(const TimelinePath& path) {
  std::string text;
  for (const TimelineSpan& span : path) {
    if (text.empty()) {
      text = std::to_string(number(span.timeline));
    } else {
      text += fmt::format(" -> {} (from {})", number(span.timeline), to_string(span.begin));
    }
  }
  return text;
}

std::string plan_text(const RecoverOptions& options, const Plan& plan, const std::vector<Tablespace>& tablespaces) {
  const Meta& meta = plan.set.meta;
  std::string text = fmt::format("backup      {}\n            {} - {}, LSN {} - {}, timeline {}\n", plan.set.name,
                                 utc_text(meta.start_time), utc_text(meta.stop_time), to_string(meta.start),
                                 to_string(meta.stop), number(meta.stop_timeline));
  const char* verdict = plan.reach == Reach::yes ? "reachable" : plan.reach == Reach::no ? "not reachable" : "cannot tell";
  text += fmt::format("target      {}: {}{}{}\n", describe(options.target), verdict, plan.reason.empty() ? "" : ": ", plan.reason);
  text += fmt::format("timelines   {}\n", timelines_text(plan.path));
  text += fmt::format("WAL         {} - {}, {} segments, {} of them in the backup\n",
                      segment_on(plan.path, meta.start, meta.segment_size).text(), plan.wal.last.text(),
                      plan.wal.segments, plan.contents.wal.size());
  if (plan.wal.later) text += fmt::format("missing     {} (later ones are there, from {})\n", plan.wal.missing->text(), plan.wal.later->text());
  text += fmt::format("writes      {}{}\n", options.data_directory.empty() ? "(no --data-dir)" : options.data_directory,
                      plan.contents.bytes_to_write == 0 ? "" : ": " + amount(plan.contents.bytes_to_write) + " in all");
  for (const Tablespace& tablespace : tablespaces) {
    text += fmt::format("tablespace  {}: {} -> {}\n", tablespace.oid, tablespace.original, tablespace.target.native());
  }
  return text;
}

Plan plan_for(const RecoverOptions& options, Store& store, Log& log) {
  return make_plan(store, read_catalog(store), plan_request(options), log);
}

// Keeps the set from being removed while it is read. A read-only place may have no locks.
Fd hold(Store& store, const BackupSet& set) {
  const auto source = store.open(set.meta_file);
  const auto* regular = dynamic_cast<FileSource*>(source.get());
  if (regular == nullptr) return {};
  Fd file = open_file(regular->fd().name(), O_RDONLY);
  if (try_lock_shared(file) == Locked::no) fail(Exit::failed, "{}: it is being removed", store.describe(set.meta_file));
  return file;
}

}  // namespace

Exit show_plan(const RecoverOptions& options, Log& log) {
  const auto store = open_store(options.backup_directory, {});
  const Plan plan = plan_for(options, *store, log);
  const auto tablespaces = parse_tablespace_map(plan.contents.tablespace_map, mapping_for(options, plan.set.meta));
  say(plan_text(options, plan, tablespaces));
  if (plan.reach == Reach::unknown) return Exit::failed;
  return plan.reach == Reach::yes ? Exit::done : Exit::damaged;
}

Exit recover(const RecoverOptions& options, Log& log) {
  const fs::path directory = options.data_directory;
  const std::string program = restore_program();
  const auto store = open_store(options.backup_directory, {});
  Plan plan = plan_for(options, *store, log);
  const Fd held = hold(*store, plan.set);
  if (plan.reach == Reach::no) {
    fail(Exit::damaged, "{} cannot be reached from backup {}: {}", describe(options.target), plan.set.name, plan.reason);
  }
  if (plan.reach == Reach::unknown) log.error("whether {} can be reached is not known: {}", describe(options.target), plan.reason);

  // Whatever can be refused is refused now: nothing is written yet.
  const Meta& meta = plan.set.meta;
  const TablespaceMapping mapping = mapping_for(options, meta);
  const auto tablespaces = parse_tablespace_map(plan.contents.tablespace_map, mapping);
  if (meta.format != 0) require_known(mapping, tablespaces);
  require_free_directory(directory);
  require_not_in_use(directory);
  for (const Tablespace& tablespace : tablespaces) {
    in_context("tablespace " + tablespace.oid, [&] {
      require_not_in_use(tablespace.target);
      require_free_directory(tablespace.target);
    });
  }

  const Openness openness = options.group_readable ? Openness{0640, 0750} : Openness{};
  create_directories(directory, openness.directory);
  for (const Tablespace& tablespace : tablespaces) create_directories(tablespace.target, openness.directory);
  Unpacker unpacker({directory, openness, mapping, tablespaces}, plan.contents, meta.format != 0, [](std::size_t) {});
  log.timed("Unpacking data", [&] {
    const auto data = open_set_file(*store, *plan.set.data, plan.contents.index, options.workers);
    unpacker.unpack_data(*data, store->describe(*plan.set.data));
  });
  const ControlFile control = unpacker.check_complete();
  if (options.bundled_wal && plan.set.xlog) {
    log.timed("Unpacking xlog", [&] {
      const auto wal = open_set_file(*store, *plan.set.xlog, plan.contents.index, options.workers);
      unpacker.unpack_wal(*wal, store->describe(*plan.set.xlog), control.system_identifier);
    });
  }
  const RecoveryConfig config{.sources = options.archived_wal ? options.sources : std::vector<Place>{},
                              .target = options.target,
                              .purpose = options.purpose,
                              .standby = options.standby,
                              .primary_conninfo = options.primary_conninfo,
                              .restore_program = program,
                              .isolated_socket = {}};
  write_recovery_config(directory, openness, config, control);
  log.timed("Syncing", [&] { unpacker.finish(); });
  say(fmt::format("{} is restored from {}.\nStart it: pg_ctl -D {} start\n", directory.native(), plan.set.name, directory.native()));
  return Exit::done;
}

}  // namespace pitr
