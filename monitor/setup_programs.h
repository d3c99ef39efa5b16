#pragma once

#include <filesystem>
#include <string>

#include "monitor/archive_command.h"
#include "monitor/setup_report.h"

namespace pitr {

// Are the programs that archive_command runs there, and pitr-restore, which a recovery runs?
void check_programs(const ArchiveCommand& command, SetupReport& report);

// The program of the suite that lies beside ours: the same version, wherever it is installed. Throws.
std::filesystem::path sibling_program(const std::string& name);

}  // namespace pitr
