#include "common/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>

#include "common/lock.h"

namespace pitr {
namespace {

constexpr std::string_view temporary_mark = ".tmp.";
constexpr std::string_view ssh_mark = "ssh";  // see ssh_far_side.sh
constexpr ::off_t write_back_step = 1 << 20;
constexpr int temporary_slots = 100;  // more live writers of one name than this are an error, not a wait

std::string temporary_name(const std::string& name, int slot) {
  return fmt::format("{}{}{}", name, temporary_mark, slot);
}

std::filesystem::path directory_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

Fd open_directory_of(const std::filesystem::path& path) {
  return open_file(directory_of(path), O_RDONLY | O_DIRECTORY);
}

void sync(const Fd& fd) {
  // Never tried again on the same descriptor: after an error the kernel may have dropped the dirty pages.
  // To be interrupted is none.
  while (::fsync(fd.number()) != 0) {
    if (errno != EINTR) fail(Exit::failed, "fsync {}: {}", fd.name(), errno_text(errno));
    throw_if_signalled();
  }
}

// After a write of so many bytes: the disk works while the next ones are being made, and fsync() finds little to wait
// for. A hint: what goes wrong with it, or with the writing, fsync() tells.
void start_write_back(const Fd& fd, std::size_t written) {
  const ::off_t end = ::lseek(fd.number(), 0, SEEK_CUR);
  const ::off_t start = end - static_cast<::off_t>(written);
  const ::off_t first = start - start % write_back_step;
  if (end - first < write_back_step) return;
  const ::off_t last = end - end % write_back_step;
  ::sync_file_range(fd.number(), first, last - first, SYNC_FILE_RANGE_WRITE);
}

std::string describe(const Fd& directory, const std::string& name) {
  return (std::filesystem::path(directory.name()) / name).native();
}

// openat(2) whose failure is in errno, but for EINTR.
int open_at(const Fd& directory, const std::string& name, int flags) {
  for (;;) {
    throw_if_signalled();
    const int number = ::openat(directory.number(), name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (number >= 0 || errno != EINTR) return number;
  }
}

// Is "NAME.tmp.sshPID" of a writer on another host, who has a shell here with that pid? It holds no lock.
bool is_written_over_ssh(std::string_view name) {
  const auto pid = name.rfind(temporary_mark) + temporary_mark.size();
  if (!name.substr(pid).starts_with(ssh_mark)) return false;
  int number = 0;
  std::from_chars(name.data() + pid + ssh_mark.size(), name.data() + name.size(), number);
  return number > 0 && (::kill(number, 0) == 0 || errno == EPERM);
}

// Removes `name` when its writer is dead; false when it is alive. Only who holds the lock of the very file that
// the name stands for removes the name, so a name is never taken from a live writer.
bool remove_if_dead(const Fd& directory, const std::string& name) {
  if (is_written_over_ssh(name)) return false;
  const int number = open_at(directory, name, O_RDWR | O_NONBLOCK);
  if (number < 0) return errno == ENOENT;  // one of another user, or no file at all, is left to its owner
  const Fd file(number, describe(directory, name));
  if (!S_ISREG(file_status(file).st_mode) || try_lock(file) != Locked::yes) return false;
  // Only unlinked, never truncated: a run that died between link and unlink left a second name of the stored file.
  return !is_name_of(directory, name, file) || ::unlinkat(directory.number(), name.c_str(), 0) == 0;
}

// Removes what dead writers of `target` left, from `slot` on: the slots are filled from the front, a free one ends
// the row.
void remove_dead(const Fd& directory, const std::string& target, int slot) {
  for (; slot < temporary_slots; ++slot) {
    const std::string name = temporary_name(target, slot);
    if (::faccessat(directory.number(), name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) != 0) return;
    remove_if_dead(directory, name);
  }
}

struct Temporary {
  std::string name;
  Fd file;
};

// A new file "NAME.tmp.N", locked. The first free N is taken, so the next writer of that name finds what a dead
// one left without listing the directory.
Temporary create_temporary(const Fd& directory, const std::string& target, mode_t mode) {
  for (int slot = 0; slot < temporary_slots; ++slot) {
    const std::string name = temporary_name(target, slot);
    for (int attempt = 0; attempt < 10; ++attempt) {
      const int number = open_at(directory, name, O_WRONLY | O_CREAT | O_EXCL);
      if (number < 0) {
        if (errno != EEXIST) fail(Exit::failed, "create {}: {}", describe(directory, name), errno_text(errno));
        if (!remove_if_dead(directory, name)) break;
        continue;
      }
      Temporary temporary{name, Fd(number, describe(directory, name))};
      // Between open and lock another writer may have taken the new file for a dead one's: then it is gone.
      if (try_lock(temporary.file) == Locked::no || !is_name_of(directory, name, temporary.file)) continue;
      // Not left to the umask.
      if (::fchmod(temporary.file.number(), mode) != 0) {
        const int error = errno;
        ::unlinkat(directory.number(), name.c_str(), 0);
        fail(Exit::failed, "chmod {}: {}", temporary.file.name(), errno_text(error));
      }
      // Of two writers the one that died may have been the second.
      remove_dead(directory, target, slot + 1);
      return temporary;
    }
  }
  fail(Exit::failed, "create {}: {} writers are busy with it", describe(directory, target), temporary_slots);
}

[[noreturn]] void conflict(const std::filesystem::path& path) {
  throw AtomicFile::Conflict(Exit::failed, fmt::format("create {}: file exists", path.native()));
}

// Where there are no links and no RENAME_NOREPLACE (vfat, some SMB and FUSE): look and rename under a lock on the
// directory, which guards against the writers of this host.
void rename_if_free(const Fd& directory, const std::string& from, const std::filesystem::path& path) {
  const std::string to = path.filename().native();
  if (::flock(directory.number(), LOCK_EX) != 0) {
    fail(Exit::failed, "lock {}: {}", directory.name(), errno_text(errno));
  }
  struct stat there {};
  const bool taken = ::fstatat(directory.number(), to.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0;
  if (!taken && errno != ENOENT) fail(Exit::failed, "stat {}: {}", path.native(), errno_text(errno));
  const bool renamed = !taken && ::renameat(directory.number(), from.c_str(), directory.number(), to.c_str()) == 0;
  const int rename_error = errno;
  ::flock(directory.number(), LOCK_UN);
  if (taken) conflict(path);
  if (!renamed) fail(Exit::failed, "rename to {}: {}", path.native(), errno_text(rename_error));
}

// Gives the synced temporary file its final name, which MUST NOT exist.
Publishing publish_new(const Fd& directory, const std::string& from, const std::filesystem::path& path) {
  const std::string to = path.filename().native();
  const int at = directory.number();
  // link() refuses to replace, also on NFS, where renameat2(RENAME_NOREPLACE) does not exist.
  if (::linkat(at, from.c_str(), at, to.c_str(), 0) == 0) {
    ::unlinkat(at, from.c_str(), 0);
    return Publishing::link;
  }
  if (errno == EEXIST) conflict(path);
  if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS && errno != EMLINK) {
    fail(Exit::failed, "link {}: {}", path.native(), errno_text(errno));
  }
  if (::renameat2(at, from.c_str(), at, to.c_str(), RENAME_NOREPLACE) == 0) return Publishing::rename_without_replacing;
  if (errno == EEXIST) conflict(path);
  if (errno != EINVAL && errno != ENOSYS) {
    fail(Exit::failed, "rename to {}: {}", path.native(), errno_text(errno));
  }
  rename_if_free(directory, from, path);
  return Publishing::rename_under_lock;
}

}  // namespace

Openness openness_of(const std::filesystem::path& data_directory) {
  const struct stat status = file_status(open_file(data_directory, O_RDONLY | O_DIRECTORY));
  if ((status.st_mode & S_IRGRP) != 0) return {0640, 0750};
  return {};
}

AtomicFile::AtomicFile(const std::filesystem::path& path, Existing existing, mode_t mode, Durable durable)
    : path_(path), existing_(existing), durable_(durable), directory_(open_directory_of(path)) {
  Temporary temporary = create_temporary(directory_, path.filename().native(), mode);
  temporary_ = std::move(temporary.name);
  file_ = std::move(temporary.file);
}

AtomicFile::~AtomicFile() {
  // Closed afterwards: until the name is gone the lock says that its writer lives.
  if (!temporary_.empty() && is_name_of(directory_, temporary_, file_)) {
    ::unlinkat(directory_.number(), temporary_.c_str(), 0);
  }
}

void AtomicFile::write(Bytes bytes) {
  prepared_ = false;
  write_all(file_, bytes);
  if (durable_ == Durable::yes) start_write_back(file_, bytes.size());
}

void AtomicFile::prepare() {
  if (prepared_) return;
  if (durable_ == Durable::yes) sync(file_);
  // NFS and quotas tell some write errors only at close; the file itself stays open, its lock with it.
  const int number = ::dup(file_.number());
  if (number < 0 || ::close(number) != 0) fail(Exit::failed, "close {}: {}", file_.name(), errno_text(errno));
  prepared_ = true;
}

void AtomicFile::finish() {
  throw_if_signalled();
  prepare();
  // Locks do not reach the other hosts of an NFS mount with `nolock`: one may have taken us for dead and be writing
  // half a file of its own under our temporary name.
  if (!is_name_of(directory_, temporary_, file_)) {
    fail(Exit::failed, "create {}: somebody removed {} meanwhile", path_.native(), temporary_);
  }
  if (existing_ == Existing::replace) {
    const int at = directory_.number();
    if (::renameat(at, temporary_.c_str(), at, path_.filename().c_str()) != 0) {
      fail(Exit::failed, "rename to {}: {}", path_.native(), errno_text(errno));
    }
  } else {
    publish_new(directory_, temporary_, path_);
  }
  temporary_.clear();
  if (durable_ == Durable::yes) sync(directory_);
}

Publishing try_publishing(const std::filesystem::path& path) {
  const Fd directory = open_file(path, O_RDONLY | O_DIRECTORY);
  const Temporary temporary = create_temporary(directory, "pitr-publishing", 0600);
  // Itself a temporary name: whatever happens, the next run cleans up.
  const std::filesystem::path target = path / (temporary.name + temporary_name("", 0));
  const Publishing way = publish_new(directory, temporary.name, target);
  remove_file(target);
  return way;
}

void sync_file(const std::filesystem::path& path) {
  const Fd directory = open_directory_of(path);
  sync(open_file(directory, path.filename(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  // The second slot, too, when the first one is free: its writer may have ended well before the other one died.
  for (const int slot : {0, 1}) remove_dead(directory, path.filename().native(), slot);
  sync(directory);
}

void sync_directory(const std::filesystem::path& path) { sync(open_file(path, O_RDONLY | O_DIRECTORY)); }

void sync_file_system(const Fd& directory) {
  if (::syncfs(directory.number()) != 0) {
    fail(Exit::failed, "sync the file system of {}: {}", directory.name(), errno_text(errno));
  }
}

bool is_temporary_name(std::string_view name) {
  const auto mark = name.rfind(temporary_mark);
  if (mark == std::string_view::npos || mark == 0) return false;
  std::string_view slot = name.substr(mark + temporary_mark.size());
  if (slot.starts_with(ssh_mark)) slot.remove_prefix(ssh_mark.size());
  return !slot.empty() && slot.find_first_not_of("0123456789") == std::string_view::npos;
}

std::filesystem::path first_temporary_of(const std::filesystem::path& path) {
  return directory_of(path) / temporary_name(path.filename().native(), 0);
}

void remove_dead_temporaries(const std::filesystem::path& path) {
  const Fd directory = open_file(path, O_RDONLY | O_DIRECTORY);
  std::error_code code;
  for (std::filesystem::directory_iterator entry(path, code), end; !code && entry != end; entry.increment(code)) {
    throw_if_signalled();
    const std::string name = entry->path().filename().native();
    if (is_temporary_name(name)) remove_if_dead(directory, name);
  }
  if (code) fail(Exit::failed, "list {}: {}", path.native(), errno_text(code.value()));
}

bool has_living_temporaries(const std::filesystem::path& path) {
  std::error_code code;
  for (std::filesystem::directory_iterator entry(path, code), end; !code && entry != end; entry.increment(code)) {
    const std::string name = entry->path().filename().native();
    if (is_temporary_name(name) && (is_written_over_ssh(name) || is_locked(entry->path()))) return true;
  }
  if (code) fail(Exit::failed, "list {}: {}", path.native(), errno_text(code.value()));
  return false;
}

void truncate_file(const std::filesystem::path& path, std::uint64_t size) {
  const Fd file = open_file(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK);
  if (::ftruncate(file.number(), static_cast<off_t>(size)) != 0) {
    fail(Exit::failed, "truncate {}: {}", path.native(), errno_text(errno));
  }
}

bool is_there(const std::filesystem::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  fail(Exit::failed, "stat {}: {}", path.native(), errno_text(errno));
}

bool lies_within(const std::filesystem::path& path, const std::filesystem::path& directory) {
  std::error_code code;
  const auto relative = std::filesystem::weakly_canonical(path, code)
                            .lexically_relative(std::filesystem::weakly_canonical(directory, code));
  return !relative.empty() && *relative.begin() != "..";
}

void remove_file(const std::filesystem::path& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    fail(Exit::failed, "remove {}: {}", path.native(), errno_text(errno));
  }
}

bool rename_if_there(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return true;
  if (errno == ENOENT) return false;
  fail(Exit::failed, "rename {} to {}: {}", from.native(), to.native(), errno_text(errno));
}

void remove_at(const Fd& directory, const std::string& name, Removed what) {
  const int flags = what == Removed::directory ? AT_REMOVEDIR : 0;
  if (::unlinkat(directory.number(), name.c_str(), flags) != 0 && errno != ENOENT) {
    fail(Exit::failed, "remove {}: {}", describe(directory, name), errno_text(errno));
  }
}

bool try_rename_directory(const std::filesystem::path& from, const std::filesystem::path& to) noexcept {
  return ::rename(from.c_str(), to.c_str()) == 0;
}

void rename_directory(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (!try_rename_directory(from, to)) {
    fail(Exit::failed, "rename {} to {}: {}", from.native(), to.native(), errno_text(errno));
  }
}

bool move_file(const Fd& directory, const std::string& name, const std::filesystem::path& to) {
  if (::renameat(directory.number(), name.c_str(), AT_FDCWD, to.c_str()) == 0) return true;
  if (errno == EXDEV) return false;
  fail(Exit::failed, "rename {} to {}: {}", describe(directory, name), to.native(), errno_text(errno));
}

void create_directories(const std::filesystem::path& path, mode_t mode) {
  const std::filesystem::path clean = path.has_filename() ? path : path.parent_path();
  struct stat there {};
  if (::stat(clean.c_str(), &there) == 0) {
    if (S_ISDIR(there.st_mode)) return;
    fail(Exit::failed, "create directory {}: a file of that name exists", clean.native());
  }
  if (clean.has_parent_path() && clean.parent_path() != clean) create_directories(clean.parent_path(), mode);
  if (::mkdir(clean.c_str(), mode) != 0) {
    const int reason = errno;
    // Another run may have made it at the same time; a link that leads nowhere has the name, too.
    if (reason == EEXIST && ::stat(clean.c_str(), &there) == 0 && S_ISDIR(there.st_mode)) return;
    fail(Exit::failed, "create directory {}: {}", clean.native(), errno_text(reason));
  }
  if (::chmod(clean.c_str(), mode) != 0) fail(Exit::failed, "chmod {}: {}", clean.native(), errno_text(errno));
  sync_directory(directory_of(clean));
}

}  // namespace pitr
