#include "common/os/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "common/os/lock.h"
#include "common/os/signals.h"
#include "common/os/temporary_file.h"

namespace pitr {
namespace {

constexpr ::off_t write_back_step = 1 << 20;

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

// After a write of so many bytes: the disk works while the next ones are being made, and fsync() finds little
// to wait for. A hint: what goes wrong with it, or with the writing, fsync() tells.
void start_write_back(const Fd& fd, std::size_t written) {
  const ::off_t end = ::lseek(fd.number(), 0, SEEK_CUR);
  const ::off_t start = end - static_cast<::off_t>(written);
  const ::off_t first = start - start % write_back_step;
  if (end - first < write_back_step) return;
  const ::off_t last = end - end % write_back_step;
  ::sync_file_range(fd.number(), first, last - first, SYNC_FILE_RANGE_WRITE);
}

[[noreturn]] void conflict(const std::filesystem::path& path) {
  throw AtomicFile::Conflict(Exit::failed, fmt::format("create {}: file exists", path.native()));
}

// Where there are no links and no RENAME_NOREPLACE (vfat, some SMB and FUSE): look and rename under a lock on
// the directory, which guards against the writers of this host.
void rename_if_free(const Fd& directory, const std::string& from, const std::filesystem::path& path) {
  const std::string to = path.filename().native();
  if (::flock(directory.number(), LOCK_EX) != 0) {
    fail(Exit::failed, "lock {}: {}", directory.name(), errno_text(errno));
  }
  struct stat there {};
  const bool taken = ::fstatat(directory.number(), to.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0;
  if (!taken && errno != ENOENT) fail(Exit::failed, "stat {}: {}", path.native(), errno_text(errno));
  const bool renamed =
      !taken && ::renameat(directory.number(), from.c_str(), directory.number(), to.c_str()) == 0;
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
  if (::renameat2(at, from.c_str(), at, to.c_str(), RENAME_NOREPLACE) == 0)
    return Publishing::rename_without_replacing;
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
    : AtomicFile(open_directory_of(path), path, existing, mode, durable) {}

AtomicFile::AtomicFile(Fd directory, const std::filesystem::path& path, Existing existing, mode_t mode,
                       Durable durable)
    : path_(path), existing_(existing), durable_(durable), directory_(std::move(directory)) {
  TemporaryFile temporary = create_temporary(directory_, path.filename().native(), mode);
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
  // Locks do not reach the other hosts of an NFS mount with `nolock`: one may have taken us for dead and be
  // writing half a file of its own under our temporary name.
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
  const TemporaryFile temporary = create_temporary(directory, "pitr-publishing", 0600);
  // Itself a temporary name, of one that is a name of nobody else: what a killed run left is removed first.
  const std::filesystem::path target = first_temporary_of(path / temporary.name);
  struct GoneAtEnd {
    const Fd& directory;
    std::string name;
    ~GoneAtEnd() { ::unlinkat(directory.number(), name.c_str(), 0); }
  };
  const GoneAtEnd first{directory, temporary.name}, second{directory, target.filename().native()};
  remove_dead_temporaries_of(directory, temporary.name);
  return publish_new(directory, temporary.name, target);
}

void sync_file(const Fd& directory, const std::string& name) {
  sync(open_file(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  remove_dead_temporaries_of(directory, name);
  sync(directory);
}

void sync_directory(const Fd& directory) { sync(directory); }

void sync_directory(const std::filesystem::path& path) { sync(open_file(path, O_RDONLY | O_DIRECTORY)); }

void sync_file_system(const Fd& directory) {
  if (::syncfs(directory.number()) != 0) {
    fail(Exit::failed, "sync the file system of {}: {}", directory.name(), errno_text(errno));
  }
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

std::filesystem::path normal_path(const std::filesystem::path& path) {
  const std::filesystem::path normal = path.lexically_normal();
  return normal.has_filename() ? normal : normal.parent_path();
}

bool lies_within(const std::filesystem::path& path, const std::filesystem::path& directory) {
  std::error_code code;
  const auto canonical = [&code](const std::filesystem::path& name) {
    const auto result = std::filesystem::weakly_canonical(name, code);
    if (code) fail(Exit::failed, "resolve {}: {}", name.native(), errno_text(code.value()));
    return result;
  };
  const auto relative = canonical(path).lexically_relative(canonical(directory));
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
    fail(Exit::failed, "remove {}: {}", joined_name(directory, name), errno_text(errno));
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
  fail(Exit::failed, "rename {} to {}: {}", joined_name(directory, name), to.native(), errno_text(errno));
}

void create_directories(const std::filesystem::path& path, mode_t mode) {
  const std::filesystem::path clean = path.has_filename() ? path : path.parent_path();
  const std::filesystem::path parent = directory_of(clean);
  const auto is_directory = [&clean] {
    struct stat there {};
    return ::stat(clean.c_str(), &there) == 0 && S_ISDIR(there.st_mode);
  };
  const bool was_there = is_directory();
  if (!was_there) {
    if (parent != clean && !is_there(parent)) create_directories(parent, mode);
    if (::mkdir(clean.c_str(), mode) == 0) {
      if (::chmod(clean.c_str(), mode) != 0)
        fail(Exit::failed, "chmod {}: {}", clean.native(), errno_text(errno));
    } else if (const int reason = errno; reason != EEXIST || !is_directory()) {
      // Not made by another run at the same time: a file has the name, or a link that leads nowhere.
      fail(Exit::failed, "create directory {}: {}", clean.native(),
           reason == EEXIST ? "a file of that name exists" : errno_text(reason));
    }
  }
  // Also when it was there: whoever made it may have died before its name was durable. In a directory that we
  // may not read, that was somebody else.
  if (!was_there || ::access(parent.c_str(), R_OK) == 0) sync_directory(parent);
}

}  // namespace pitr
