#pragma once

#include <string>

#include "restore/recover/plan.h"
#include "restore/recover/tablespaces.h"

namespace pitr {

// What --plan prints.
std::string plan_text(const Plan& plan, const RecoveryTarget& target, const std::string& data_directory,
                      const std::vector<Tablespace>& tablespaces);

}  // namespace pitr
