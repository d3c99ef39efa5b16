#pragma once

#include <optional>

#include "basebackup/base/set_writer.h"
#include "basebackup/copying/wal_bundle.h"

namespace pitr {

struct SetWal {
  std::uint64_t raw_bytes = 0;
  bool archive_is_behind = false;  // something came from pg_wal
};

// The xlog file of a set. Unpacked over the data file, the cluster needs no archive to start. Null: WAL is
// missing. Hours of copying are not thrown away for it: it is logged, and the set waits.
std::optional<SetWal> write_set_wal(const Cluster& cluster, const WalRange& range, WalCollector& collector,
                                    SetWriter& set, const std::filesystem::path& temporary_directory,
                                    Log& log);

}  // namespace pitr
