#pragma once

#include <filesystem>
#include <string>

#include "common/os/fd.h"

namespace pitr {

// Locks of open file descriptions (fcntl F_OFD_SETLK): they end with their holder however it dies, can be
// asked for without being taken, and work on NFS. The descriptor must be open for writing.

enum class Locked {
  yes,
  no,       // another process holds it
  unknown,  // the file system has no locks
};
Locked try_lock(const Fd& fd);
// The same, shared with others who read: keeps away who would remove. `fd` need be open for reading only.
Locked try_lock_shared(const Fd& fd);

// Waits until it has the lock, or until the file system says that it has none; throws after a minute.
void wait_for_lock(const Fd& fd);
// Is `file` still the file of that name in `directory`? Somebody may have removed or replaced it. False when
// this cannot be found out.
bool is_name_of(const Fd& directory, const std::string& name, const Fd& file);

// A file that is locked while the object lives, and removed at its end. The pid in it is for people: the lock
// decides, so a recycled pid means nothing, and a pid that a full disk has no room for is not missed.
class LockFile {
 public:
  // Throws when another process holds it; the message names the pid found in it.
  LockFile(const std::filesystem::path& path, mode_t mode);
  ~LockFile();
  LockFile(const LockFile&) = delete;
  LockFile& operator=(const LockFile&) = delete;

 private:
  void tell_pid();

  std::filesystem::path path_;
  Fd file_;
};

// Does a live process hold the lock of this LockFile? Does not take it. A missing file is no.
bool is_locked(const std::filesystem::path& path);
bool is_locked(const Fd& directory, const std::string& name);

}  // namespace pitr
