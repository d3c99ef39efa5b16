#pragma once

#include "basebackup/set_writer.h"
#include "basebackup/wal_collector.h"

namespace pitr {

// What a consistent start of the backup needs: everything from `start` to before `stop`.
struct WalSpan {
  Timeline timeline;
  Lsn start, stop;
};

struct WalBundle {
  std::uint64_t raw_bytes = 0;
  bool archive_is_behind = false;  // something came from pg_wal
};

// The xlog file of a set: every segment from start to stop, the history files of timelines above 1 and, when it is
// there, the .backup file. Unpacked over the data file, the cluster needs no archive to start.
WalBundle write_wal_bundle(const Cluster& cluster, const WalSpan& span, WalCollector& collector, SetWriter& set,
                           const std::filesystem::path& temporary_directory);

}  // namespace pitr
