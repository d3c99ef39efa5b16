#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "archive/requirement.h"
#include "archive/spool.h"
#include "common/cli/log.h"
#include "common/postgres/control_file.h"
#include "common/store/store.h"

namespace pitr {

// Which cluster the WAL is of, and how its server spells things.
struct ArchivedCluster {
  std::optional<ClusterIdentity> identity;  // null: with --force-data-dir, when there is no pg_control
  std::string major;                        // of PG_VERSION; "" when not known
  Openness openness;
  std::filesystem::path wal_directory;  // where its timeline histories lie
};
// Reads it from the data directory. With `forced` what cannot be read stays unknown.
ArchivedCluster look_at_data_directory(const std::filesystem::path& data_directory, bool forced);

struct ArchiveTargets {
  std::vector<Place> destinations;
  Requirement requirement;                // which of them must hold the file; without a spool all
  std::optional<Spool> spool;             // where the file waits for the others
  std::optional<Place> staging;           // --dst-backup: only while a backup runs, never a reason to fail
  std::filesystem::path state_directory;  // remembers which destinations were marked; "" for none
  bool check_header = true;               // false: for servers that encrypt their WAL
};

class Destinations;

// What all files of one run share.
struct Archiving {
  const ArchivedCluster& cluster;
  const ArchiveTargets& targets;
  Destinations& destinations;
  Log& log;
};

// Stores the WAL file at `path` under its own name at every destination. Returns true when it is durable
// wherever it is required, and everywhere else or in the spool; an identical file that is there already is
// made durable, a different one is left alone and an Error. Each destination gets its chance; the Error names
// all that failed. When everything is written and synced, and no name has appeared yet, it asks whether it
// may publish, and waits as long as the answer takes; no: it leaves nothing and returns false.
bool archive_file(
    const std::filesystem::path& path, const Archiving& archiving, std::size_t workers,
    const std::function<bool()>& may_publish = [] { return true; });

}  // namespace pitr
