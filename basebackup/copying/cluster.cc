#include "basebackup/copying/cluster.h"

#include <ctime>

#include "basebackup/copying/directory.h"

namespace pitr {
namespace {

std::filesystem::path clean(const std::filesystem::path& path) {
  std::error_code code;
  const std::filesystem::path canonical = std::filesystem::canonical(path, code);
  if (code) fail(Exit::failed, "open {}: {}", path.native(), errno_text(code.value()));
  return canonical;
}

// Copying a directory that the backup in the server does not speak of would be no backup at all.
void require_same_cluster(Server& server, const std::filesystem::path& data_directory,
                          const ControlFile& control) {
  const std::string identifier = server.value("SELECT system_identifier FROM pg_control_system()");
  if (identifier != std::to_string(control.system_identifier)) {
    fail(Exit::failed, "{}: is of cluster {}, the server is of cluster {}", data_directory.native(),
         control.system_identifier, identifier);
  }
}

void require_own_directory(Server& server, const std::filesystem::path& data_directory) {
  const std::filesystem::path servers = server.setting("data_directory");
  const auto there = status_if_there(servers);
  const auto ours = status_if_there(data_directory);
  // In a container the server may call it by a path that does not exist here: then the identifier has to do.
  if (there && ours && (there->st_dev != ours->st_dev || there->st_ino != ours->st_ino)) {
    fail(Exit::failed, "{}: the server's data directory is {}", data_directory.native(), servers.native());
  }
}

void require_standby_of(Server& primary, const std::filesystem::path& data_directory) {
  if (primary.value("SELECT pg_is_in_recovery()") != "f") {
    fail(Exit::failed, "--call-primary: the server is a standby itself");
  }
  if (!is_there(data_directory / "standby.signal")) {
    fail(Exit::failed, "--call-primary: {} is not the data directory of a standby (no standby.signal)",
         data_directory.native());
  }
}

// Recovery to a point in time ends with a promotion, which the copy would not survive.
bool is_standby(Server& server, const std::filesystem::path& data_directory) {
  if (server.value("SELECT pg_is_in_recovery()") != "t") return false;
  if (!is_there(data_directory / "standby.signal")) {
    fail(Exit::failed,
         "{}: the server recovers to a point in time and is no standby (no standby.signal): wait for its end",
         data_directory.native());
  }
  return true;
}

// Directories of the data directory that hold logs or statistics, by the server's settings.
std::vector<std::string> emptied_directories(Server& server) {
  std::vector<std::string> emptied;
  for (const char* name : {"log_directory", "stats_temp_directory"}) {
    const std::filesystem::path path = server.setting(name);
    if (!path.empty() && path.is_relative()) emptied.push_back(path.lexically_normal().native());
  }
  return emptied;
}

std::string first_word(const std::string& text) { return text.substr(0, text.find(' ')); }

}  // namespace

std::map<std::string, std::filesystem::path> tablespaces_of(Server& server) {
  std::map<std::string, std::filesystem::path> paths;
  for (const Server::Row& row : server.query("SELECT oid, pg_tablespace_location(oid) FROM pg_tablespace")) {
    // One in place, and the built-in ones, have no path of their own.
    if (row[0] && row[1] && row[1]->starts_with('/')) paths.emplace(*row[0], *row[1]);
  }
  return paths;
}

TarMember Cluster::own_file(const std::string& path, std::uint64_t size) const {
  TarMember member;
  member.path = top + "/" + path;
  member.size = size;
  member.mode = openness.file;
  member.owner = owner.st_uid;
  member.group = owner.st_gid;
  member.modified = {std::time(nullptr), 0};
  return member;
}

Cluster look_at_cluster(Server& server, const std::filesystem::path& path, DataOf of) {
  const std::filesystem::path directory = clean(path);
  const ControlFile control = read_control_file(directory);
  require_same_cluster(server, directory, control);
  if (of == DataOf::server) {
    require_own_directory(server, directory);
  } else {
    require_standby_of(server, directory);
  }
  const auto status = status_if_there(directory);
  if (!status) fail(Exit::failed, "open {}: no such directory", directory.native());
  const int major = server.major();
  // The name that the DBA gave is the one in the tar: /data/pg may be a link to a volume.
  const std::filesystem::path given = (std::filesystem::absolute(path) / "").lexically_normal().parent_path();
  return {.data_directory = directory,
          .top = given.filename().native(),
          .major = major,
          .version = first_word(server.setting("server_version")),
          .control = control,
          .openness = openness_of(directory),
          .walk = {.top = given.filename().native(),
                   .version_directory = version_directory(std::to_string(major), control.catalog_version),
                   .skip_logs = true,
                   .emptied = emptied_directories(server)},
          .of = of,
          .is_standby = is_standby(server, directory),
          .archiving_is_off = server.setting("archive_mode") == "off",
          .owner = *status};
}

void choose_tablespaces(Cluster& cluster, Server& server) {
  if (cluster.of == DataOf::server) {
    cluster.walk.tablespaces = tablespace_links(cluster.data_directory);
    return;
  }
  // The standby may not have replayed the creation of one that the map of its primary names.
  cluster.walk.tablespace_paths = tablespaces_of(server);
  cluster.walk.tablespaces.emplace();
  for (const auto& [oid, path] : cluster.walk.tablespace_paths) cluster.walk.tablespaces->insert(oid);
}

void require_server_of(Server& standby, const Cluster& cluster) {
  require_same_cluster(standby, cluster.data_directory, cluster.control);
  if (standby.value("SELECT pg_is_in_recovery()") != "t") fail(Exit::usage, "it is no standby");
  require_own_directory(standby, cluster.data_directory);
}

}  // namespace pitr
