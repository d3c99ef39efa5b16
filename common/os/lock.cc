#include "common/os/lock.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "common/os/signals.h"

namespace pitr {
namespace {

constexpr double nap = 0.02;

struct flock whole_file(short type = F_WRLCK) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

std::string pid_in(const Fd& file) {
  std::array<std::byte, 32> buffer;
  std::string pid(reinterpret_cast<const char*>(buffer.data()), read_some(file, buffer));
  pid.erase(std::min(pid.find_first_not_of("0123456789"), pid.size()));
  return pid.empty() ? "unknown" : pid;
}

Locked try_lock_as(const Fd& fd, short type) {
  struct flock lock = whole_file(type);
  for (;;) {
    if (::fcntl(fd.number(), F_OFD_SETLK, &lock) == 0) return Locked::yes;
    if (errno == EAGAIN || errno == EACCES) return Locked::no;
    if (errno == ENOLCK || errno == ENOSYS || errno == EOPNOTSUPP || errno == EINVAL) return Locked::unknown;
    if (errno != EINTR) fail(Exit::failed, "lock {}: {}", fd.name(), errno_text(errno));
  }
}

}  // namespace

Locked try_lock(const Fd& fd) { return try_lock_as(fd, F_WRLCK); }

Locked try_lock_shared(const Fd& fd) { return try_lock_as(fd, F_RDLCK); }

void wait_for_lock(const Fd& fd) {
  for (double waited = 0; try_lock(fd) == Locked::no; waited += nap) {
    if (waited > 60) fail(Exit::failed, "lock {}: another process has held it for a minute", fd.name());
    pause_for(nap);
  }
}

bool is_name_of(const Fd& directory, const std::string& name, const Fd& file) {
  struct stat there {};
  const int at = directory ? directory.number() : AT_FDCWD;
  if (::fstatat(at, name.c_str(), &there, AT_SYMLINK_NOFOLLOW) != 0) return false;
  struct stat ours {};
  if (::fstat(file.number(), &ours) != 0) return false;
  return there.st_dev == ours.st_dev && there.st_ino == ours.st_ino;
}

LockFile::LockFile(const std::filesystem::path& path, mode_t mode) : path_(path) {
  for (double waited = 0;; waited += nap) {
    file_ = open_file(path, O_RDWR | O_CREAT | O_NOFOLLOW, mode);
    const Locked locked = try_lock(file_);
    if (locked == Locked::unknown) fail(Exit::failed, "lock {}: its file system has no locks", path.native());
    if (locked == Locked::no) {
      fail(Exit::failed, "lock {}: another run holds it (pid {})", path.native(), pid_in(file_));
    }
    if (is_name_of(Fd(), path.native(), file_)) break;
    // A run that just ended has removed the file between our open and our lock. NFS may serve the old one for
    // a while.
    if (waited > 60) fail(Exit::failed, "lock {}: it is removed again and again", path.native());
    pause_for(nap);
  }
  tell_pid();
}

// A full disk may have no room for it, and the lock is held all the same.
void LockFile::tell_pid() {
  try {
    if (::ftruncate(file_.number(), 0) == 0) write_all(file_, as_bytes(fmt::format("{}\n", ::getpid())));
  } catch (const Error&) {
  }
}

LockFile::~LockFile() {
  // While the lock is still held; when somebody removed our file, the next one under its name is another
  // run's.
  if (is_name_of(Fd(), path_.native(), file_)) ::unlink(path_.c_str());
}

bool is_locked(const std::filesystem::path& path) { return is_locked(Fd(), path.native()); }

bool is_locked(const Fd& directory, const std::string& name) {
  const Fd file = open_if_there(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!file) return false;
  struct flock lock = whole_file();
  if (::fcntl(file.number(), F_OFD_GETLK, &lock) != 0) {
    fail(Exit::failed, "ask for the lock of {}: {}", file.name(), errno_text(errno));
  }
  return lock.l_type != F_UNLCK;
}

}  // namespace pitr
