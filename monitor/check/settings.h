#pragma once

#include "common/postgres/server.h"
#include "common/wal/archive_command.h"
#include "monitor/check/archive_options.h"
#include "monitor/check/report.h"

namespace pitr {

// What the checks that follow have to know of the server's archiving.
struct ArchivingSettings {
  bool is_standby = false;
  bool is_on = false;                            // the server archives at all
  std::string library;                           // archive_library; "" when archive_command is used
  ArchiveCommand command;                        // with archive_mode off, what the configuration file says
  std::unique_ptr<ArchiveOptions> options = {};  // null: the command is not pitr-archive, or not understood
};

// One line for each setting that a recovery depends on.
ArchivingSettings check_settings(Server& server, const std::filesystem::path& data_directory,
                                 SetupReport& report);

}  // namespace pitr
