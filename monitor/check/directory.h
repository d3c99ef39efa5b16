#pragma once

#include <filesystem>
#include <optional>

#include "common/postgres/control_file.h"
#include "common/postgres/server.h"
#include "monitor/check/report.h"

namespace pitr {

// Is the data directory that of the server (null: there is no connection), and are we its owner? Returns
// whose WAL it makes; null when that could not be found out.
std::optional<ClusterIdentity> check_data_directory(const std::filesystem::path& data_directory,
                                                    Server* server, SetupReport& report);

// Nobody else may write into the server's configuration files: archive_command runs as its user.
void check_configuration_files(Server& server, const std::filesystem::path& data_directory,
                               SetupReport& report);

// "postgres", "uid 26" for one without a name.
std::string user_name(uid_t user);

}  // namespace pitr
