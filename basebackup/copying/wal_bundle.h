#pragma once

#include <filesystem>

#include "basebackup/copying/tar_writer.h"
#include "basebackup/copying/wal_collector.h"
#include "common/postgres/manifest.h"

namespace pitr {

// The WAL of a backup, as members of `tar`: every segment from start to stop, the history files of timelines
// above 1 and, when it is there, the .backup file. Unpacked over the data file, the cluster needs no archive
// to start. `range` is what a consistent start needs: everything from its start to before its end. Returns
// the worse of where a segment came from: pg_wal says that the archive is behind.
WalCollector::From write_wal(const Cluster& cluster, const WalRange& range, WalCollector& collector,
                             TarWriter& tar, const std::filesystem::path& temporary_directory);

}  // namespace pitr
