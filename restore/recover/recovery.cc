#include "restore/recover/recovery.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "common/base/time_text.h"
#include "common/cli/remote_options.h"
#include "common/os/host_name.h"
#include "common/os/signals.h"
#include "common/set/backup_lease.h"
#include "common/set/set_stream.h"
#include "common/store/decompressed_file.h"
#include "common/wal/marker.h"
#include "restore/recover/delta.h"
#include "restore/recover/plan_text.h"
#include "restore/recover/unpack.h"

namespace pitr {

namespace fs = std::filesystem;

Recovery::Recovery(const RecoverOptions& options, Log& log)
    : options_(options),
      log_(log),
      directory_(options.data_directory),
      // All that is written there is a lease, which everybody may read who removes backups.
      store_(open_store(options.backups, {0644, 0755})) {}

std::string Recovery::text() const {
  const std::vector<ReplayedTablespace> none;
  return plan_text(*plan_, options_.target, options_.data_directory,
                   {tablespaces_, left_, replayed_ ? replayed_->created : none});
}

// What the old data directory has of WAL counts for what can be reached.
void Recovery::find_old_wal(const Catalog& catalog) {
  if (options_.rescue_wal.empty()) return;
  if (!is_there(fs::path(options_.rescue_wal) / "pg_wal")) {
    // An interrupted run may have left nothing of it; the old directory of a lost server may not be mounted.
    if (options_.delta) return;
    fail(Exit::usage, "--rescue-wal {}: there is no pg_wal in it (is its disk mounted?)",
         options_.rescue_wal);
  }
  if (catalog.complete.empty()) return;  // no plan can be made, which says why
  const Meta& meta =
      options_.backup.empty() ? catalog.complete.back().meta : set_named(catalog, options_.backup).meta;
  ClusterIdentity identity{meta.system_identifier, meta.segment_size};
  if (is_there(fs::path(options_.rescue_wal) / "global" / "pg_control"))
    identity = read_cluster_identity(options_.rescue_wal);
  if (meta.system_identifier != 0 && identity.system_identifier != meta.system_identifier) {
    fail(Exit::usage, "{}: it is of cluster {}, the backups are of cluster {}", options_.rescue_wal,
         identity.system_identifier, meta.system_identifier);
  }
  old_wal_ = find_unarchived_wal(options_.rescue_wal, identity, all_sources());
}

std::vector<Place> Recovery::all_sources() const {
  if (!replays_more_than_bundled()) return {};
  std::vector<Place> sources = options_.sources;
  for (const fs::path& directory : rescued_) sources.push_back({false, {}, directory.native()});
  return sources;
}

// Several clusters may share a directory: the old data directory, or the archive, says which one is meant.
Catalog Recovery::catalog_of_cluster() const {
  Catalog catalog = read_catalog(*store_);
  const auto identifier = [](const BackupSet& set) { return set.meta.system_identifier; };
  const bool is_of_one =
      catalog.complete.empty() || std::ranges::all_of(catalog.complete, [&](const BackupSet& set) {
        return identifier(set) == identifier(catalog.complete.front());
      });
  if (is_of_one || !options_.backup.empty()) return catalog;
  const fs::path old = options_.rescue_wal;
  if (!old.empty() && is_there(old / "global" / "pg_control"))
    return of_cluster(std::move(catalog), read_cluster_identity(old).system_identifier);
  if (options_.sources.empty())
    fail(Exit::usage, "{}: backups of several clusters lie there (give --backup)", store_->describe());
  const auto archive = open_store(options_.sources.front(), {});
  return of_cluster(std::move(catalog), required_identity(*archive).system_identifier);
}

void Recovery::make_plan() {
  const Catalog catalog = catalog_of_cluster();
  if (const auto mark = options_.delta ? read_incomplete(directory_) : std::nullopt) rescued_ = mark->rescued;
  find_old_wal(catalog);
  const UnarchivedWal old_wal = replays_more_than_bundled() ? old_wal_ : UnarchivedWal{};
  plan_ = pitr::make_plan(*store_, catalog,
                          {.backup = options_.backup,
                           .sources = all_sources(),
                           .bundled_wal = options_.bundled_wal,
                           .rescued = old_wal.names,
                           .rescued_directory = old_wal.pg_wal,
                           .rescued_histories = old_wal.histories,
                           .target = options_.target,
                           .search = options_.search},
                          log_);
  tablespaces_ = parse_tablespace_map(plan_->contents.tablespace_map, mapping());
  const BackupSet& set = plan_->set;
  if (options_.delta) left_ = left_tablespaces(directory_, tablespaces_, set.meta.server_version);
  if (plan_->reach == Reach::no) return;
  const std::vector<Place> sources = all_sources();
  WalSearch replay{sources, old_wal.pg_wal, plan_->path, set.meta, set.meta.start, plan_->wal.end};
  if (options_.bundled_wal && set.xlog) replay.bundle = [&] { return open_decompressed(*store_, *set.xlog); };
  replayed_ = replayed_tablespaces(replay, plan_->target, log_);
}

TablespaceMapping Recovery::mapping() const {
  TablespaceMapping mapping = options_.mapping;
  const std::string old = plan_->set.meta.data_directory;
  if (!old.empty())
    mapping.old_data_directory = (fs::path(old) / "").lexically_normal().parent_path().native();
  mapping.new_data_directory = directory_;
  return mapping;
}

// Recovery goes on fetching WAL when we have ended.
void Recovery::protect_backup() {
  if (options_.sources.empty() || options_.lease_hours == 0) return;
  try {
    write_lease(*store_, plan_->set.name,
                {std::time(nullptr) + options_.lease_hours * 3600, host_name(), directory_.native()});
  } catch (const Error& error) {
    log_.error("retention is not told that this backup and its WAL are needed: {}", error.what());
  }
}

void Recovery::rescue_wal() {
  if (old_wal_.names.empty()) return;
  fs::path directory = options_.rescue_directory;
  if (directory.empty()) {
    std::string now = utc_text(std::time(nullptr));
    std::erase_if(now, [](char c) { return c == '-' || c == ':'; });
    directory = directory_.native() + ".pitr-rescue-" + now;
  }
  const Meta& meta = plan_->set.meta;
  log_.timed("Rescuing WAL", [&] {
    rescue(old_wal_, directory, {meta.system_identifier, meta.segment_size}, log_);
  });
  if (std::ranges::find(rescued_, directory) == rescued_.end()) rescued_.push_back(directory);
}

void Recovery::unpack() {
  SetContents& contents = plan_->contents;
  const Meta& meta = plan_->set.meta;
  const Openness openness = options_.group_readable ? Openness{0640, 0750} : Openness{};
  create_directories(directory_, openness.directory);
  for (const Tablespace& tablespace : tablespaces_) create_directories(tablespace.target, openness.directory);
  mark_incomplete(directory_, {meta.system_identifier, rescued_}, openness.file);
  Pace pace(options_.pace, contents.bytes_to_write, openness.file);
  const auto advance = [&](std::size_t bytes) { pace.advance(bytes); };
  if (options_.delta) {
    const std::size_t kept = log_.timed("Comparing", [&] {
      return keep_what_is_right(directory_, {tablespaces_, left_}, contents, options_.workers, advance);
    });
    log_.note("{} of {} files are right and are kept.", kept, contents.files.size());
  }
  Unpacker unpacker({directory_, openness, mapping(), tablespaces_, options_.workers}, contents,
                    meta.format != 0, advance);
  log_.timed("Unpacking data", [&] {
    const auto data = open_set_file(*store_, *plan_->set.data, contents.index, options_.workers);
    unpacker.unpack_data(*data, store_->describe(*plan_->set.data));
  });
  const ControlFile control = unpacker.check_complete();
  if (options_.bundled_wal && plan_->set.xlog) {
    log_.timed("Unpacking xlog", [&] {
      const auto wal = open_set_file(*store_, *plan_->set.xlog, contents.index, options_.workers);
      unpacker.unpack_wal(*wal, store_->describe(*plan_->set.xlog), control.system_identifier);
    });
  }
  tablespaces_ = unpacker.tablespaces();
  config_text_ = place_config(contents, options_.config, directory_, unpacker.openness());
  if (options_.isolated) create_directories(socket_directory(), 0700);
  write_recovery_config(directory_, unpacker.openness(), config(), control);
  log_.timed("Syncing", [&] { unpacker.finish(); });
  remove_file(directory_ / incomplete_name);
  // A mark that comes back after a power cut would go into every later backup.
  sync_directory(directory_);
}

RecoveryConfig Recovery::config() const {
  RecoveryConfig config{.sources = all_sources(),
                        .target = plan_->target,
                        .purpose = options_.purpose,
                        .standby = options_.standby,
                        .primary_conninfo = options_.primary_conninfo,
                        .slot = options_.slot,
                        .restore_program = restore_program_,
                        .remote = options_.remote,
                        .prefetch_directory = prefetch_directory(),
                        .isolated_socket = options_.isolated ? socket_directory().native() : ""};
  if (is_bounded()) {
    config.until = replayed_->last;
    // Nor along a timeline that has come up since.
    if (config.target.timeline == "latest") {
      const Timeline timeline = plan_->path.back().timeline;
      config.target.timeline =
          timeline == plan_->set.meta.stop_timeline ? "current" : std::to_string(number(timeline));
    }
  }
  return config;
}

// Beside the data directory, where a segment gets into pg_wal by a mere rename; empty when it cannot be made
// there.
fs::path Recovery::prefetch_directory() const {
  const fs::path parent = directory_.parent_path();
  std::error_code code;
  if (::access(parent.c_str(), W_OK | X_OK) != 0 || !fs::is_directory(directory_ / "pg_wal", code)) return {};
  const auto file_system = [](const fs::path& path) {
    return file_status(open_file(path, O_RDONLY | O_DIRECTORY)).st_dev;
  };
  if (file_system(parent) != file_system(directory_ / "pg_wal")) return {};
  return directory_.native() + ".pitr-prefetch";
}

// With --only-wal WAL of the old cluster is rescued, and not replayed.
bool Recovery::replays_more_than_bundled() const { return !options_.sources.empty(); }

// A copy replays what was looked at, and not what its original has archived since.
bool Recovery::is_bounded() const { return options_.purpose == Purpose::clone && !options_.standby; }

fs::path Recovery::socket_directory() const {
  return options_.socket_directory.empty() ? directory_ / "pitr-socket" : fs::path(options_.socket_directory);
}

Until Recovery::until() const {
  const bool has_target = options_.target.kind != RecoveryTarget::Kind::latest;
  if (options_.standby) return Until::standby;
  if (options_.isolated || !has_target || options_.target.action == "promote") return Until::in_production;
  return options_.target.action == "shutdown" ? Until::stopped : Until::paused;
}

void Recovery::launch_server() {
  try {
    seconds_ = launch({directory_, pg_ctl_, until(), options_.isolated}, log_);
  } catch (const Interrupted&) {
    // A recovery of hours does not end with the terminal that it was begun on.
    if (!options_.isolated)
      log_.error("The server goes on recovering; to stop it: {} -D {} stop", pg_ctl_, directory_.native());
    throw;
  }
  // Nothing is fetched any more.
  if (until() == Until::in_production && options_.lease_hours > 0 && !options_.sources.empty()) {
    try {
      remove_lease(*store_, plan_->set.name, {0, host_name(), directory_.native()});
    } catch (const Error& error) {
      log_.error("end the lease: {}", error.what());
    }
  }
}

std::string Recovery::closing() const {
  std::string text =
      fmt::format("{} is restored from {}.\n", directory_.native(), plan_->set.name) + config_text_;
  for (const Tablespace& tablespace : left_) {
    text += fmt::format("{}, tablespace {}, is emptied: it is younger than the backup.\n",
                        tablespace.target.native(), tablespace.oid);
  }
  if (!plan_->moved.empty()) text += plan_->moved + ".\n";
  for (const fs::path& directory : rescued_) {
    text += fmt::format(
        "WAL that no archive had is in {0}: keep it until the recovery is done.\n"
        "Another attempt needs it, too: --wal-source {0}\n",
        directory.native());
  }
  if (options_.isolated) {
    text += fmt::format("Isolated: socket {}, port 5432.\n", socket_directory().native());
  } else if (options_.purpose == Purpose::clone) {
    text +=
        "Archiving is off: it is a copy. Before production use: remove the block of pitr-recover from\n"
        "postgresql.auto.conf, restart the server, take a new base backup.\n";
  } else if (!options_.standby) {
    text += "Archiving is as it was: the old primary must never start again.\n";
  }
  if (seconds_)
    return text + fmt::format("The server runs; it took {:.1f} s to recover to {}.\n", *seconds_,
                              describe(options_.target));
  return text + fmt::format("Start it: pg_ctl -D {} start\n", directory_.native());
}

}  // namespace pitr
