#pragma once

#include <filesystem>
#include <optional>

#include "common/os/lock.h"
#include "common/os/temporary_directory.h"
#include "monitor/verify/finding.h"

namespace pitr {

// A directory of our own for the copy, and in it a server that may run. Neither outlives the object, not when
// a signal was caught either. After a drill that was killed itself they stay, until the next drill in the
// same parent removes them: the lock in the directory has no holder then.
class DrillScratch {
 public:
  // Removes what drills that were killed have left in `parent`; what cannot be removed is a finding.
  DrillScratch(const std::filesystem::path& parent, Findings& findings);
  ~DrillScratch();
  DrillScratch(const DrillScratch&) = delete;
  DrillScratch& operator=(const DrillScratch&) = delete;

  // Stops the server and removes the directory; what cannot be removed is a finding.
  void remove(Findings& findings);

  std::filesystem::path data() const;
  std::filesystem::path tablespaces() const { return directory_.path() / "tablespaces"; }
  // Short: a socket has 107 bytes for its path.
  std::filesystem::path socket() const { return directory_.path() / "s"; }
  std::filesystem::path log() const { return directory_.path() / "pitr-recover.log"; }

 private:
  const TemporaryDirectory directory_;
  std::optional<LockFile> lock_;
};

// Throws usage when the path of a socket in a scratch directory in `parent` would be longer than a socket's
// can be.
void require_short_path(const std::filesystem::path& parent);

}  // namespace pitr
