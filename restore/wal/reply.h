#pragma once

#include <filesystem>

#include "common/cli/log.h"
#include "restore/wal/asker.h"
#include "restore/wal/prefetch.h"
#include "restore/wal/restore.h"

namespace pitr {

// How long, and for what, pitr-restore waits before it answers.
struct Patience {
  bool wait = false;                // for a segment that has not come yet
  double retry_time = 30;           // seconds, under recovery.signal, for what could not be looked up
  double history_retry_time = 600;  // seconds, for the last history file of a recovery
  double recovery_delay = 0;  // seconds a segment must have lain in the archive before it is handed over
  std::filesystem::path finish_trigger;  // exists: hand over what is there and end; holds "NOW": end at once
  bool gap_ends_recovery = false;        // --gap end
};

// Answers one question of PostgreSQL, after all waiting. Throws when the answer is a failure. `prefetch` can
// only have a segment: it never proves that one is absent.
Answer reply(const RestoreRequest& request, const Patience& patience, Prefetch& prefetch, Log& log);

// The answer for a failure of this request: answer_for_failure(), but for a history file that PostgreSQL asks
// for when it has ended recovery and removed recovery.signal. A "no" would make it write a history without
// ancestors.
Answer answer_for_failure(const RestoreRequest& request);

}  // namespace pitr
