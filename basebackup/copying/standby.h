#pragma once

#include <chrono>

#include "basebackup/copying/cluster.h"
#include "common/cli/log.h"

namespace pitr {

// Waits until the standby whose directory is copied has made a restartpoint from which the WAL that `start`
// begins is replayed completely: REDO of its pg_control at or behind `start`. That replay has passed the
// checkpoint is not enough: changes may still be only in the standby's memory, and nothing would replay them.
//
// `standby` (null: not reachable) is asked for a CHECKPOINT; otherwise the restartpoint comes with the
// standby's checkpoint_timeout. `each` is called while waiting. Throws after `patience`.
void wait_for_restartpoint(const Cluster& cluster, Lsn start, Server* standby, std::chrono::seconds patience,
                           const std::function<void()>& each, Log& log);

}  // namespace pitr
