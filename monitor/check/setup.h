#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/postgres/server.h"
#include "common/store/place.h"
#include "monitor/check/report.h"

namespace pitr {

struct CheckOptions {
  std::string data_directory;  // "": the server is asked
  ServerAddress server;
  std::vector<Place> destinations;  // empty: archive_command is asked
  std::string temporary_directory;
  int timeout = 60;
};

// Everything that a recovery will depend on, from the settings to a segment that comes back out of the
// archive.
void check_setup(const CheckOptions& options, SetupReport& report);

}  // namespace pitr
