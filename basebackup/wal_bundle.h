#pragma once

#include "basebackup/set_writer.h"
#include "basebackup/wal_collector.h"
#include "common/manifest.h"

namespace pitr {

struct WalBundle {
  std::uint64_t raw_bytes = 0;
  bool archive_is_behind = false;  // something came from pg_wal
};

// The xlog file of a set: every segment from start to stop, the history files of timelines above 1 and, when it is
// there, the .backup file. Unpacked over the data file, the cluster needs no archive to start. `range` is what a
// consistent start needs: everything from its start to before its end.
WalBundle write_wal_bundle(const Cluster& cluster, const WalRange& range, WalCollector& collector, SetWriter& set,
                           const std::filesystem::path& temporary_directory);

}  // namespace pitr
