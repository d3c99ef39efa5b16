#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>

#include "common/postgres/wal.h"

namespace pitr {

// global/pg_control of a data directory, PostgreSQL 13 to 18. Source of the layout: PostgreSQL,
// src/include/catalog/pg_control.h, ControlFileData; what differs between majors is one row in
// control_file.cc.
struct ControlFile {
  std::array<std::byte, 8192> bytes;  // the whole file, as read
  std::uint64_t system_identifier;
  std::uint32_t control_version = 0;  // 1300: PostgreSQL 13 to 16
  std::uint32_t catalog_version = 0;
  std::uint32_t state =
      0;              // DBState: 1 shut down, 2 shut down in recovery, 5 in archive recovery, 6 in production
  Lsn checkpoint;     // of the last checkpoint record
  Lsn redo;           // where replay from it starts
  Timeline timeline;  // of that checkpoint
  Lsn min_recovery_point = {};          // of a standby: replay must come so far before the data is consistent
  Timeline min_recovery_timeline = {};  // the timeline of that point
  SegmentSize segment_size;
  // What a standby needs at least as much of as its primary had.
  std::int32_t max_connections = 0, max_worker_processes = 0, max_wal_senders = 0,
               max_prepared_transactions = 0, max_locks_per_transaction = 0;
  std::uint32_t page_size = 8192;           // BLCKSZ
  std::uint32_t pages_per_file = 131072;    // RELSEG_SIZE: of a segment file of a relation
  std::uint32_t data_checksum_version = 0;  // 0: the cluster has no page checksums
};

// Reads `data_directory`/global/pg_control until its CRC fits, because the server may be writing it. Throws
// when it is missing, when the same damage is read twice, and when its version is not known.
ControlFile read_control_file(const std::filesystem::path& data_directory);

// Which cluster WAL belongs to.
struct ClusterIdentity {
  std::uint64_t system_identifier;
  SegmentSize segment_size;
  bool operator==(const ClusterIdentity&) const = default;
};
// The same file, and also one of a version that is not known (a newer major, a fork), then without a CRC.
ClusterIdentity read_cluster_identity(const std::filesystem::path& data_directory);

// The file with an impossible checkpoint, 0/DEAD, and a CRC that fits: a cluster with it starts only with its
// backup_label. Everything else, the copy of the checkpoint included, stays.
std::array<std::byte, 8192> with_impossible_checkpoint(const ControlFile& control);

// Null when size, version or CRC do not fit.
std::optional<ControlFile> parse_control_file(const std::array<std::byte, 8192>& bytes);

}  // namespace pitr
