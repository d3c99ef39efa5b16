#pragma once

#include <string>

#include "restore/recover/plan.h"
#include "restore/recover/tablespaces.h"
#include "restore/recover/wal_search.h"

namespace pitr {

// Where what belongs to tablespaces goes.
struct PlannedTablespaces {
  const std::vector<Tablespace>& of_backup;
  const std::vector<Tablespace>& left;              // that --delta empties
  const std::vector<ReplayedTablespace>& replayed;  // that replay makes
};

// What --plan prints.
std::string plan_text(const Plan& plan, const RecoveryTarget& target, const std::string& data_directory,
                      const PlannedTablespaces& tablespaces);

}  // namespace pitr
