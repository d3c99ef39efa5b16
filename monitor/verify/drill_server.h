#pragma once

#include <filesystem>

#include "monitor/verify/drill.h"

namespace pitr {

// The checks in the running copy, by its socket: every table is read and every B-tree index checked, by
// amcheck where it is installed; then the SQL file.
void check_drill_server(const DrillOptions& options, const std::filesystem::path& socket_directory,
                        DrillReport& report, Findings& findings);

}  // namespace pitr
