#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "restore/recover/launch.h"
#include "restore/recover/plan.h"
#include "restore/recover/recover.h"
#include "restore/recover/rescue.h"
#include "restore/recover/wal_search.h"

namespace pitr {

// One recovery, from the look at what there is to the started server.
class Recovery {
 public:
  Recovery(const RecoverOptions& options, Log& log);

  void make_plan();
  const Plan& plan() const { return *plan_; }
  std::string text() const;  // of --plan
  // Replay makes a tablespace where the original had it, whatever was mapped: that place must be free.
  void refuse_replayed_tablespaces() const;

  void refuse_what_cannot_be();  // writes nothing
  void protect_backup();
  void rescue_wal();
  void unpack();
  void launch_server();
  std::string closing() const;  // what was done and what comes next

 private:
  Catalog catalog_of_cluster() const;
  void find_old_wal(const Catalog& catalog);
  TablespaceMapping mapping() const;
  void refuse_places() const;
  void refuse_long_socket() const;
  bool is_bounded() const;
  bool replays_more_than_bundled() const;
  std::filesystem::path prefetch_directory() const;
  std::filesystem::path socket_directory() const;
  Until until() const;
  RecoveryConfig config() const;
  std::vector<Place> all_sources() const;  // those of the options and behind them what was rescued

  const RecoverOptions& options_;
  Log& log_;
  const std::filesystem::path directory_;
  std::unique_ptr<Store> store_;
  std::optional<Plan> plan_;
  std::vector<Tablespace> tablespaces_;
  std::vector<Tablespace> left_;                 // what --delta empties: tablespaces of the old cluster alone
  std::optional<ReplayedTablespaces> replayed_;  // null: the target cannot be reached
  Fd held_;                                      // keeps the set from being removed while it is read
  UnarchivedWal old_wal_;
  std::vector<std::filesystem::path> rescued_;  // where WAL of the old cluster is, of earlier runs, too
  std::string restore_program_, pg_ctl_, config_text_;
  std::optional<double> seconds_;
};

}  // namespace pitr
