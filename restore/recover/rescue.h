#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "common/cli/log.h"
#include "common/postgres/control_file.h"
#include "common/store/place.h"

namespace pitr {

// WAL in the pg_wal of an old data directory that no source holds: the last commits of the cluster.
struct UnarchivedWal {
  std::filesystem::path pg_wal;
  std::vector<WalName> names;
  std::map<Timeline, std::string> histories;  // the text of those among them
};

// What can be read by its header; recycled segments, whose content is an older segment's, are none.
UnarchivedWal find_unarchived_wal(const std::filesystem::path& data_directory,
                                  const ClusterIdentity& identity, const std::vector<Place>& sources);

// Copies all of it, verified and durable, into `directory`, which becomes an archive of its own. Throws when
// one cannot be: then nothing may be removed.
void rescue(const UnarchivedWal& wal, const std::filesystem::path& directory, const ClusterIdentity& identity,
            Log& log);

}  // namespace pitr
