#pragma once

#include <filesystem>
#include <string>

#include "common/cli/log.h"

namespace pitr {

// What has to have happened until a started server counts as recovered.
enum class Until {
  in_production,  // recovery has ended: it takes writes
  paused,         // it waits at the target, and takes queries
  stopped,        // it has shut itself down at the target
  standby,        // it takes queries, and goes on replaying
};

struct Launch {
  std::filesystem::path data_directory;
  std::string pg_ctl;
  Until until;
  bool stop_on_failure = false;  // nobody else knows of the server
};

// Starts the server and waits until it is there. Throws, with the end of the server's log, when it dies
// before. Returns the seconds that it took.
double launch(const Launch& launch, Log& log);

// Where its log goes until it has one of its own.
std::filesystem::path launch_log(const std::filesystem::path& data_directory);

}  // namespace pitr
