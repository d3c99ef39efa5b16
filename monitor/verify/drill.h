#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/cli/log.h"
#include "common/store/place.h"
#include "monitor/verify/finding.h"

namespace pitr {

struct DrillOptions {
  bool wanted = false;
  std::string scratch;              // where the copy gets a directory of its own
  std::string sql_file;             // "" for none
  std::string username, database;   // to connect as; to begin in, and for the SQL file
  std::string bindir;               // of PostgreSQL; "": pitr-recover finds it
  std::vector<std::string> target;  // words for pitr-recover; none: the end of the archive
};

// What a drill measured: how long it would take to have the data back.
struct DrillReport {
  std::string backup;
  std::string target;  // "all WAL", "time=2026-11-22 14:03:00"
  bool passed = false;
  double copy_seconds = 0, replay_seconds = 0, check_seconds = 0;
  std::uint64_t databases = 0, tables = 0, indexes = 0;
  bool indexes_checked = true;  // false: amcheck is not installed
};

// What is restored, from where.
struct DrilledBackup {
  std::string place;  // with the backups
  std::string name;   // "" for the newest that reaches the target
  std::vector<Place> archives;
  Remote remote;
};

// Restores a backup by pitr-recover into a scratch directory, starts a private server that replays the WAL,
// and checks it. Nothing is left of it afterwards, not after a signal either. What goes wrong becomes a
// finding.
DrillReport drill(const DrillOptions& options, const DrilledBackup& backup, Findings& findings, Log& log);

}  // namespace pitr
