#pragma once

#include <ctime>
#include <filesystem>
#include <optional>
#include <string>

namespace pitr {

// What pitr-verify --drill leaves behind when it has passed: "pitr-drill.last" in its --state-dir or, without
// one, beside the backups. A drill that failed leaves the record of the one before.
//
//   Finished: 2026-11-22T04:12:09Z
//   Backup: db1-data-2026-11-22.tar
//   Seconds: 348.1
//   Target: all WAL
struct DrillRecord {
  std::time_t finished;
  std::string backup;
  double seconds;           // copy, replay and checks: how long it takes to have the data back
  std::string target = {};  // how much WAL was replayed: "all WAL", "immediate"; "" in an old record
};
inline constexpr const char* drill_record_name = "pitr-drill.last";

void write_drill_record(const std::filesystem::path& directory, const DrillRecord& record);
// Null: no drill has passed. Throws when the directory is not there, and Exit::damaged when the record does
// not parse.
std::optional<DrillRecord> read_drill_record(const std::filesystem::path& directory);

}  // namespace pitr
