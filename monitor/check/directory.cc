#include "monitor/check/directory.h"

#include <fcntl.h>
#include <pwd.h>
#include <unistd.h>

#include <set>

#include "common/os/file.h"

namespace pitr {
namespace {

namespace fs = std::filesystem;

struct stat status_of(const fs::path& path) {
  return file_status(open_file(path, O_PATH));
}

void check_user(const fs::path& data_directory, SetupReport& report) {
  const uid_t owner = status_of(data_directory).st_uid;
  const std::string us = user_name(::geteuid());
  if (owner == ::geteuid()) return report.ok("user", us);
  const std::string owners = user_name(owner);
  report.failed("user", fmt::format("this runs as {}, {} belongs to {}", us, data_directory.native(), owners),
                fmt::format("run it as {} or as root: only that shows what the server may do", owners));
}

void check_same_directory(const fs::path& data_directory, Server& server, SetupReport& report) {
  const std::string subject = "data directory";
  const ClusterIdentity identity = read_cluster_identity(data_directory);
  const std::string of_server = server.value("SELECT system_identifier FROM pg_control_system()");
  const std::string advice = "give --data-dir of the server that --host and --port name";
  if (of_server != std::to_string(identity.system_identifier)) {
    return report.failed(subject,
                         fmt::format("{} is of cluster {}, the server is of cluster {}",
                                     data_directory.native(), identity.system_identifier, of_server),
                         advice);
  }
  const fs::path servers = server.setting("data_directory");
  std::error_code code;
  // In a container the server may call it by a path that does not exist here.
  if (fs::exists(servers, code) && !fs::equivalent(servers, data_directory, code)) {
    return report.failed(
        subject,
        fmt::format("{} is a copy: the server runs in {}", data_directory.native(), servers.native()),
        advice);
  }
  report.ok(subject, fmt::format("{} of cluster {}", data_directory.native(), identity.system_identifier));
}

// True: nobody else may write to it.
bool check_file(const fs::path& path, SetupReport& report) {
  const mode_t mode = status_of(path).st_mode;
  const std::string subject = "configuration";
  if ((mode & S_IWOTH) != 0) {
    report.failed(subject,
                  path.native() + ": everybody may write to it, and so run commands as the server's user",
                  "chmod o-w " + path.native());
  } else if ((mode & S_IWGRP) != 0) {
    report.warning(subject,
                   path.native() + ": its group may write to it, and so run commands as the server's user",
                   "chmod g-w " + path.native());
  }
  return (mode & (S_IWOTH | S_IWGRP)) == 0;
}

// Those that the settings name and those that they include, as far as we may ask.
std::set<fs::path> configuration_files(Server& server, const fs::path& data_directory) {
  std::set<fs::path> files;
  for (const char* name : {"config_file", "hba_file", "ident_file"}) {
    if (const fs::path path = server.setting(name); !path.empty()) files.insert(path);
  }
  if (is_there(data_directory / "postgresql.auto.conf"))
    files.insert(data_directory / "postgresql.auto.conf");
  try {
    for (const Server::Row& row : server.query("SELECT DISTINCT sourcefile FROM pg_file_settings")) {
      if (row.at(0)) files.insert(*row[0]);
    }
  } catch (const Error&) {
    // It is a view for superusers.
  }
  return files;
}

}  // namespace

std::string user_name(uid_t user) {
  const struct passwd* entry = ::getpwuid(user);
  return entry == nullptr ? fmt::format("uid {}", user) : entry->pw_name;
}

std::optional<ClusterIdentity> check_data_directory(const fs::path& data_directory, Server* server,
                                                    SetupReport& report) {
  report.attempt("user", "give --data-dir and run it as its owner",
                 [&] { check_user(data_directory, report); });
  std::optional<ClusterIdentity> identity;
  report.attempt("data directory", "run it as its owner or as root, and connect as a member of pg_monitor",
                 [&] {
                   identity = read_cluster_identity(data_directory);
                   if (server != nullptr) check_same_directory(data_directory, *server, report);
                 });
  return identity;
}

void check_configuration_files(Server& server, const fs::path& data_directory, SetupReport& report) {
  int good = 0;
  const std::set<fs::path> files = configuration_files(server, data_directory);
  for (const fs::path& path : files) {
    report.attempt("configuration", "its owner must be able to read it",
                   [&] { good += check_file(path, report) ? 1 : 0; });
  }
  if (good > 0)
    report.ok("configuration", fmt::format("nobody else may write to {} of {} files", good, files.size()));
}

}  // namespace pitr
