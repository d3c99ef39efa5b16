#include "basebackup/copying/pgdata.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <optional>
#include <set>

#include "basebackup/copying/directory.h"
#include "common/base/error.h"
#include "common/os/file.h"
#include "common/os/signals.h"
#include "common/postgres/relation_file.h"
#include "common/store/place.h"

namespace pitr {
namespace {

namespace fs = std::filesystem;

// The lists of basebackup.c. The names count in every directory, as they do there.
constexpr std::array<std::string_view, 7> emptied_at_start = {
    "pg_stat_tmp", "pg_replslot", "pg_dynshmem", "pg_notify", "pg_serial", "pg_snapshots", "pg_subtrans"};
constexpr std::array<std::string_view, 8> left_out_names = {
    "postgresql.auto.conf.tmp", "current_logfiles.tmp", "backup_label",    "tablespace_map",
    "backup_manifest",          "postmaster.pid",       "postmaster.opts", ".DS_Store"};
constexpr std::array<std::string_view, 2> left_out_prefixes = {"pg_internal.init", "pgsql_tmp"};

// Ours. They order a recovery, of the server that was here before; a restored copy must not obey them.
// The last one marks a directory that pitr-recover has not finished.
constexpr std::array<std::string_view, 5> left_out_at_top = {
    "recovery.signal", "standby.signal", "recovery.conf", "recovery.done", "pitr-recover.incomplete"};
constexpr std::array<std::string_view, 2> log_directories = {"log", "pg_log"};

template <typename List>
bool contains(const List& list, std::string_view name) {
  return std::ranges::find(list, name) != std::end(list);
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Is it a fork of an unlogged relation that the server rebuilds from _init? `names` are the names beside it.
bool is_unlogged_fork(std::string_view name, const std::vector<std::string>& names) {
  const auto file = parse_relation_file(name);
  if (!file || file->fork == "init") return false;
  return std::ranges::binary_search(names, std::string(file->number) + "_init");
}

fs::path resolve(const fs::path& path) {
  std::error_code error;
  fs::path resolved = fs::canonical(path, error);
  if (error) fail(Exit::failed, "resolve {}: {}", path.native(), errno_text(error.value()));
  return resolved;
}

// The last component of a path as it was given: a link to a data directory has a name of its own.
std::string last_component(const fs::path& path) {
  const std::string name = path.filename();
  return name == "." || name == ".." ? resolve(path).filename().native() : name;
}

// A directory that is being walked: where it is, and its two names in the backup.
struct Place {
  fs::path source;
  std::string path, tar_path;
  bool holds_relations = false;

  Place operator/(const std::string& name) const {
    return {source / name, path.empty() ? name : path + '/' + name, tar_path + '/' + name};
  }
};

using FileId = std::pair<dev_t, ino_t>;
FileId id(const struct stat& status) { return {status.st_dev, status.st_ino}; }

struct Tablespace {
  fs::path location;  // where the link points to, or what stands for that
  struct stat location_status, version_status;
};

class Walker {
 public:
  Walker(const fs::path& root, const WalkOptions& options, const std::function<void(const Entry&)>& each)
      : root_(root.has_filename() ? root : root.parent_path()), options_(options), each_(each) {
    if (!root_.is_absolute()) root_ = fs::current_path() / root_;
    for (const std::string& path : options.emptied) {
      emptied_.insert(normal_path(path));
    }
  }

  void run();

 private:
  void find_tablespaces();
  std::optional<Tablespace> look_at_tablespace(const fs::path& link) const;
  void walk(const Place& place, const Directory& directory);
  void visit(const Place& parent, const Directory& directory, const std::string& name);
  void visit_link(const Place& place);
  void visit_directory(const Place& place, const struct stat& status);
  void visit_tablespaces(const Place& place, const struct stat& status);
  void emit_tablespace(const Place& link, const Tablespace& tablespace);
  void emit_wal_directories(const Place& place, const struct stat& status);
  bool leaves_out(const Place& parent, const Directory& directory, const std::string& name) const;
  bool is_emptied(const Place& place, const std::string& name) const;
  struct stat as_directory(struct stat status) const;
  void emit(Entry::Kind kind, const Place& place, const struct stat& status) {
    each_(Entry{kind, place.path, place.tar_path, place.source, {}, status});
  }

  fs::path root_;
  const WalkOptions& options_;
  const std::function<void(const Entry&)>& each_;
  struct stat root_status_ = {};
  std::set<std::string> emptied_;
  std::map<std::string, Tablespace> tablespaces_;  // by OID
  std::set<FileId> version_directories_;           // of these
};

void Walker::run() {
  const auto status = status_if_there(root_);
  const auto directory = read_directory(root_);
  if (!status || !directory)
    fail(Exit::failed, "open data directory {}: {}", root_.native(), errno_text(ENOENT));
  root_status_ = *status;
  // Before the first file: what is created from here on is in the WAL of the backup.
  find_tablespaces();
  const Place top{root_, "", options_.top.empty() ? last_component(root_) : options_.top};
  emit(Entry::Kind::directory, top, *status);
  walk(top, *directory);
}

void Walker::find_tablespaces() {
  const fs::path links = root_ / "pg_tblspc";
  std::set<std::string> locations;
  for (const std::string& oid : tablespace_links(root_)) {
    if (options_.tablespaces && !options_.tablespaces->contains(oid)) continue;
    const auto tablespace = look_at_tablespace(links / oid);
    if (!tablespace) continue;
    if (!locations.insert(tablespace->location).second) {
      fail(Exit::failed, "store tablespace {}: another one has its directory {}", oid,
           tablespace->location.native());
    }
    version_directories_.insert(id(tablespace->version_status));
    tablespaces_.emplace(oid, *tablespace);
  }
}

// Null when it was dropped.
std::optional<Tablespace> Walker::look_at_tablespace(const fs::path& link) const {
  const auto target = link_target(link);
  if (!target) return std::nullopt;
  const auto location = status_if_there(link);
  const auto version = status_if_there(link / options_.version_directory);
  fs::path path = normal_path(link.parent_path() / *target);
  if (!location || !version || !S_ISDIR(version->st_mode)) {
    // DROP TABLESPACE removes the directory first, then the link.
    if (!link_target(link)) return std::nullopt;
    fail(Exit::failed, "store tablespace {}: no directory {} (is its disk mounted?)", link.native(),
         (path / options_.version_directory).native());
  }
  const auto stored = options_.tablespace_paths.find(link.filename());
  if (stored != options_.tablespace_paths.end())
    path = stored->second;
  else if (options_.in_place)
    fail(Exit::failed, "{}: nobody has said where it goes", link.native());
  return Tablespace{path, *location, *version};
}

void Walker::walk(const Place& place, const Directory& directory) {
  for (const std::string& name : directory.names) {
    throw_if_signalled();
    if (!leaves_out(place, directory, name)) visit(place, directory, name);
  }
}

bool Walker::leaves_out(const Place& parent, const Directory& directory, const std::string& name) const {
  if (contains(left_out_names, name)) return true;
  for (const std::string_view prefix : left_out_prefixes) {
    if (name.starts_with(prefix)) return true;
  }
  if (parent.path.empty() && contains(left_out_at_top, name)) return true;
  if (parent.path == "global" && name == "pg_control") return true;
  return parent.holds_relations && (is_temporary_relation(name) || is_unlogged_fork(name, directory.names));
}

void Walker::visit(const Place& parent, const Directory& directory, const std::string& name) {
  Place place = parent / name;
  const auto status = own_status_if_there(directory.fd(), name, place.source);
  if (!status) return;

  const bool leads_on = S_ISDIR(status->st_mode) || S_ISLNK(status->st_mode);
  if (leads_on && place.path == "pg_wal") return emit_wal_directories(place, *status);
  // A link to a directory (pg_stat_tmp on a RAM disk, log on /var/log) becomes a directory: it would lead out
  // of the restored copy into the directory of the running server.
  if (leads_on && is_emptied(place, name)) return emit(Entry::Kind::directory, place, as_directory(*status));

  if (S_ISLNK(status->st_mode)) return visit_link(place);
  if (S_ISREG(status->st_mode)) return emit(Entry::Kind::file, place, *status);
  if (!S_ISDIR(status->st_mode)) return;
  if (place.path == "pg_tblspc") return visit_tablespaces(place, *status);

  const std::string parent_name = parent.source.filename();
  place.holds_relations =
      is_number(name) && (parent.path == "base" || parent_name == options_.version_directory);
  if (!version_directories_.contains(id(*status))) visit_directory(place, *status);
}

bool Walker::is_emptied(const Place& place, const std::string& name) const {
  if (contains(emptied_at_start, name) || emptied_.contains(place.path)) return true;
  return options_.skip_logs && contains(log_directories, place.path);
}

// A symbolic link has no permissions of its own: it gets those of the data directory.
struct stat Walker::as_directory(struct stat status) const {
  if (!S_ISDIR(status.st_mode)) status.st_mode = root_status_.st_mode;
  return status;
}

void Walker::emit_wal_directories(const Place& place, const struct stat& status) {
  const struct stat directory = as_directory(status);
  emit(Entry::Kind::directory, place, directory);
  emit(Entry::Kind::directory, place / "archive_status", directory);
  const auto summaries = status_if_there(place.source / "summaries");
  if (summaries) emit(Entry::Kind::directory, place / "summaries", directory);
}

void Walker::visit_link(const Place& place) {
  const auto target = status_if_there(place.source);
  if (!target) {
    const auto text = link_target(place.source);
    if (!text) return;
    fail(Exit::failed, "store {}: a symbolic link to {}, which does not exist", place.source.native(),
         text->native());
  }
  if (S_ISDIR(target->st_mode)) {
    fail(Exit::failed,
         "store {}: a symbolic link to a directory; only pg_wal and tablespaces can lie elsewhere",
         place.source.native());
  }
  if (!S_ISREG(target->st_mode)) return;
  Place file = place;
  file.source = resolve(place.source);
  emit(Entry::Kind::file, file, *target);
}

void Walker::visit_directory(const Place& place, const struct stat& status) {
  const auto directory = read_directory(place.source);
  if (!directory) return;
  emit(Entry::Kind::directory, place, status);
  walk(place, *directory);
}

void Walker::visit_tablespaces(const Place& place, const struct stat& status) {
  const auto directory = read_directory(place.source);
  if (!directory) return;
  emit(Entry::Kind::directory, place, status);
  for (const std::string& name : directory->names) {
    const auto found = tablespaces_.find(name);
    if (found != tablespaces_.end()) {
      emit_tablespace(place / name, found->second);
      continue;
    }
    const auto created = own_status_if_there(directory->fd(), name, place.source / name);
    const bool is_new = created && S_ISLNK(created->st_mode) && is_number(name);
    if (!is_new && !leaves_out(place, *directory, name)) visit(place, *directory, name);
  }
}

void Walker::emit_tablespace(const Place& link, const Tablespace& tablespace) {
  const auto status = own_status_if_there(AT_FDCWD, link.source, link.source);
  if (!status) return;
  const std::string stored = (options_.in_place ? "" : "tablespaces") + tablespace.location.native();
  const std::string target = (options_.in_place ? "" : "../../") + stored;
  each_(Entry{Entry::Kind::symlink, link.path, link.tar_path, link.source, target, *status});

  const Place location{link.source, link.path, stored};
  emit(Entry::Kind::directory, location, tablespace.location_status);
  visit_directory(location / options_.version_directory, tablespace.version_status);
}

}  // namespace

std::string version_directory(std::string_view major, std::uint32_t catalog_version) {
  return fmt::format("PG_{}_{}", major, catalog_version);
}

std::set<std::string> tablespace_links(const fs::path& root) {
  std::set<std::string> oids;
  const auto directory = read_directory(root / "pg_tblspc");
  if (!directory) return oids;
  for (const std::string& name : directory->names) {
    // One in place is a directory.
    if (is_number(name) && link_target(root / "pg_tblspc" / name)) oids.insert(name);
  }
  return oids;
}

void walk_data_directory(const fs::path& root, const WalkOptions& options,
                         const std::function<void(const Entry&)>& each) {
  Walker(root, options, each).run();
}

}  // namespace pitr
