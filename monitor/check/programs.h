#pragma once

#include "common/wal/archive_command.h"
#include "monitor/check/report.h"

namespace pitr {

// Are the programs that archive_command runs there, and pitr-restore, which a recovery runs?
void check_programs(const ArchiveCommand& command, SetupReport& report);

}  // namespace pitr
