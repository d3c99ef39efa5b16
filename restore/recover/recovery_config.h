#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/os/file.h"
#include "common/postgres/control_file.h"
#include "common/postgres/wal.h"
#include "common/wal/restore_command.h"
#include "restore/recover/recovery_target.h"

namespace pitr {

enum class Purpose { clone, primary };

// What the restored server is told. It goes into a block of postgresql.auto.conf, which wins over every other
// file.
struct RecoveryConfig {
  std::vector<Place> sources;  // none: only what lies in pg_wal
  RecoveryTarget target;
  Purpose purpose = Purpose::clone;
  bool standby = false;
  std::string primary_conninfo;
  std::string slot = {};                // of the primary, for a standby; "" for none
  std::string restore_program;          // pitr-restore, absolute
  Remote remote = {};                   // how it reaches sources on other hosts
  std::string prefetch_directory = {};  // of pitr-restore; "" for no prefetch
  std::optional<WalName> until = {};    // the last segment that is replayed; null: all that comes
  std::string isolated_socket;          // a directory: the drill's settings, "" for a server as it was
};

// "false" without a source.
std::string restore_command(const RecoveryConfig& config);

// `old` (of postgresql.auto.conf) without an earlier block of ours and without every setting of a recovery,
// and with the new block behind it.
std::string with_recovery_block(const std::string& old, const RecoveryConfig& config,
                                const ControlFile& control);

// Writes postgresql.auto.conf, the signal file and, isolated, the files of the drill.
void write_recovery_config(const std::filesystem::path& data_directory, Openness openness,
                           const RecoveryConfig& config, const ControlFile& control);

}  // namespace pitr
