#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/cli/log.h"
#include "common/postgres/server.h"
#include "common/set/config_file.h"

namespace pitr {

// Those that lie outside the data directory, as Debian keeps them in /etc.
struct ConfigFiles {
  std::vector<ConfigFile> files;
  std::vector<std::string> not_copied;  // one line each: private keys, and what could not be read
};

// Everything that the server was configured with from outside its data directory: the files that its settings
// name, what they include, certificates. Private keys are named, never copied. A file that cannot be read is
// logged.
ConfigFiles read_config_files(Server& server, const std::filesystem::path& data_directory, Log& log);

}  // namespace pitr
