#pragma once

#include <filesystem>
#include <memory>

#include "common/os/file.h"
#include "common/os/lock.h"

namespace pitr {

// The temporary staging directory: pitr-base creates it before its backup starts, pitr-archive copies WAL
// into it while the backup runs, pitr-base removes it. Two files in it are the whole protocol:
//   pitr-base.lock  locked while the backup lives; whoever finds it unlocked finds what a dead one left
//   complete        there as long as nothing that was archived is missing here
// A directory without pitr-base.lock is a standing one: kept filled by others, never touched by us. So ours
// gets its name when both are in it, and loses it before they go: PATH.tmp.XXXXXX is one that is being made
// or removed.

enum class StagingState {
  missing,
  standing,
  live,   // a running backup collects WAL here
  stale,  // a dead backup left it
};
StagingState staging_state(const std::filesystem::path& path);

// The side of pitr-base: exists while the object lives. A stale one in its place is removed first; a live one
// is an Error (another backup runs).
class Staging {
 public:
  Staging(const std::filesystem::path& path, mode_t directory_mode);
  ~Staging();
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

  // False once pitr-archive could not copy something: the missing WAL will not come.
  bool is_complete() const;

 private:
  explicit Staging(const std::filesystem::path& path);  // the bare directory, as neighbour_

  std::filesystem::path path_;
  std::filesystem::path neighbour_;  // under which name it is made and removed
  bool has_its_name_ = false;
  std::unique_ptr<LockFile> lock_;
};

// The side of pitr-archive: says that a segment is missing. Needs no space on the disk that may be full.
void mark_staging_incomplete(const std::filesystem::path& path);

}  // namespace pitr
