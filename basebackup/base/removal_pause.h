#pragma once

#include <filesystem>
#include <optional>

#include "common/cli/log.h"
#include "common/os/lock.h"

namespace pitr {

// Keeps pitr-restore and pitr-cleanup from removing WAL while it lives. A file that a person put there is
// left alone, also at the end; what a dead backup left, with its pid in it, is taken over.
class RemovalPause {
 public:
  RemovalPause(const std::filesystem::path& trigger, mode_t mode, Log& log);

 private:
  std::optional<LockFile> ours_;
};

}  // namespace pitr
