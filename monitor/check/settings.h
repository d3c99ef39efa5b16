#pragma once

#include "common/postgres/server.h"
#include "monitor/check/archive_command.h"
#include "monitor/check/report.h"

namespace pitr {

// What the checks that follow have to know of the server's archiving.
struct ArchivingSettings {
  bool is_standby = false;
  bool is_on = false;      // the server archives at all
  std::string library;     // archive_library; "" when archive_command is used
  ArchiveCommand command;  // with archive_mode off, what the configuration file says
};

// One line for each setting that a recovery depends on.
ArchivingSettings check_settings(Server& server, SetupReport& report);

}  // namespace pitr
