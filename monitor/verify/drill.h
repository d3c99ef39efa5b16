#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "common/cli/log.h"
#include "common/store/place.h"
#include "common/wal/finding.h"

namespace pitr {

struct DrillOptions {
  bool wanted = false;
  std::string scratch;              // where the copy gets a directory of its own
  std::string sql_file;             // "" for none
  std::string username, database;   // to connect as, and for the SQL file
  std::string bindir;               // of PostgreSQL; "": pitr-recover finds it
  std::vector<std::string> target;  // words for pitr-recover; none: the end of the archive
};

// What a drill measured: how long it would take to have the data back.
struct DrillReport {
  std::string backup;
  bool passed = false;
  double copy_seconds = 0, replay_seconds = 0, check_seconds = 0;
  std::uint64_t databases = 0, indexes = 0;
};

// What is restored, from where.
struct DrilledBackup {
  std::string place;  // with the backups
  std::string name;   // "" for the newest that reaches the target
  std::vector<Place> archives;
  Remote remote;
};

// Throws usage when the path of a socket in the scratch directory would be longer than a socket's can be.
void require_short_path(const DrillOptions& options);

// Restores a backup by pitr-recover into a scratch directory, starts a private server that replays the WAL,
// and checks it. Nothing is left of it afterwards, not after a signal either. What goes wrong becomes a
// finding.
DrillReport drill(const DrillOptions& options, const DrilledBackup& backup, Findings& findings, Log& log);

// The checks in the running copy, by its socket: amcheck on all B-tree indexes, then the SQL file.
void check_drill_server(const DrillOptions& options, const std::filesystem::path& socket_directory,
                        DrillReport& report, Findings& findings);

}  // namespace pitr
