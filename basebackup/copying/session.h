#pragma once

#include <chrono>
#include <ctime>
#include <string>

#include "common/postgres/server.h"
#include "common/postgres/wal.h"

namespace pitr {

// What the server gives back at the end of a backup.
struct StopResult {
  Lsn lsn;                     // everything up to here is needed
  std::time_t time;            // of the server
  std::string backup_label;    // byte for byte as it must be stored
  std::string tablespace_map;  // "": there are no tablespaces
};

// A backup of the server, from its start to its stop in one session. Leaving without stop() ends the session,
// and the server then aborts the backup by itself.
class BackupSession {
 public:
  // Starts it; returns after the checkpoint. Several backups may run at a time.
  BackupSession(Server& server, const std::string& label, bool fast_checkpoint);

  Lsn start() const { return start_; }
  std::time_t start_time() const { return start_time_; }
  const std::string& label() const { return label_; }
  // A standby that gets its WAL from the archive alone gets the checkpoint of the start only so. It may be
  // forbidden.
  void switch_wal();
  // Asks for a sign of life when the last one is older than 30 s: called often, throws when the session is
  // lost.
  void keep_alive();
  StopResult stop();

 private:
  Server& server_;
  std::string label_;
  std::time_t start_time_;
  Lsn start_;
  std::chrono::steady_clock::time_point last_sign_ = std::chrono::steady_clock::now();
};

}  // namespace pitr
