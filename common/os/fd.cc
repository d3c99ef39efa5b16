#include "common/os/fd.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "common/os/headway.h"
#include "common/os/signals.h"

namespace pitr {
namespace {

int at_number(const Fd& at) { return at ? at.number() : AT_FDCWD; }

// -1, and errno tells why not.
int open_at(const Fd& at, const std::filesystem::path& path, int flags, mode_t mode) {
  for (;;) {
    throw_if_signalled();
    const int number = ::openat(at_number(at), path.c_str(), flags | O_CLOEXEC, mode);
    if (number < 0 && errno == EWOULDBLOCK) {
      pause_for(0.01);  // an NFS server or Samba holds a lease on the file; the kernel takes it away now
    } else if (number >= 0 || errno != EINTR) {
      return number;
    }
  }
}

[[noreturn]] void fail_open(const Fd& at, const std::filesystem::path& path, int flags) {
  const bool is_link = errno == ELOOP && (flags & O_NOFOLLOW) != 0;
  fail(Exit::failed, "open {}: {}", joined_name(at, path),
       is_link ? "a symbolic link, which is not followed here" : errno_text(errno));
}

}  // namespace

std::string joined_name(const Fd& at, const std::filesystem::path& path) {
  return at ? (std::filesystem::path(at.name()) / path).native() : path.native();
}

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    close();
    number_ = std::exchange(other.number_, -1);
    name_ = std::move(other.name_);
  }
  return *this;
}

void Fd::close() {
  if (number_ >= 0) ::close(std::exchange(number_, -1));
}

Fd open_if_there(const Fd& at, const std::filesystem::path& path, int flags) {
  const int number = open_at(at, path, flags, 0);
  if (number >= 0) return Fd(number, joined_name(at, path));
  if (errno == ENOENT) return Fd();
  fail_open(at, path, flags);
}

Fd open_if_there(const std::filesystem::path& path, int flags) { return open_if_there(Fd(), path, flags); }

Fd open_file(const Fd& at, const std::filesystem::path& path, int flags, mode_t mode) {
  const int number = open_at(at, path, flags, mode);
  if (number >= 0) return Fd(number, joined_name(at, path));
  fail_open(at, path, flags);
}

Fd open_file(const std::filesystem::path& path, int flags, mode_t mode) {
  return open_file(Fd(), path, flags, mode);
}

struct stat file_status(const Fd& fd) {
  struct stat status {};
  if (::fstat(fd.number(), &status) != 0) fail(Exit::failed, "stat {}: {}", fd.name(), errno_text(errno));
  return status;
}

namespace {

template <typename F>
std::size_t read_with(const Fd& fd, F call) {
  for (;;) {
    throw_if_signalled();
    const ssize_t n = call();
    count_step();
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno != EINTR) fail(Exit::failed, "read {}: {}", fd.name(), errno_text(errno));
  }
}

}  // namespace

std::size_t read_some(const Fd& fd, std::span<std::byte> buffer) {
  return read_with(fd, [&] { return ::read(fd.number(), buffer.data(), buffer.size()); });
}

std::size_t read_at(const Fd& fd, std::span<std::byte> buffer, std::uint64_t offset) {
  return read_with(
      fd, [&] { return ::pread(fd.number(), buffer.data(), buffer.size(), static_cast<off_t>(offset)); });
}

std::optional<std::size_t> read_at_uncached(const Fd& fd, std::span<std::byte> buffer, std::uint64_t offset) {
  constexpr int dont_cache = 0x80;  // RWF_DONTCACHE of linux/fs.h, younger than the C library of Debian 12
  const iovec piece{buffer.data(), buffer.size()};
  for (;;) {
    throw_if_signalled();
    const ssize_t n = ::preadv2(fd.number(), &piece, 1, static_cast<off_t>(offset), dont_cache);
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno == EOPNOTSUPP || errno == EINVAL || errno == ENOSYS) return std::nullopt;
    if (errno != EINTR) fail(Exit::failed, "read {}: {}", fd.name(), errno_text(errno));
  }
}

namespace {

template <typename F>
void write_with(const Fd& fd, Bytes bytes, F call) {
  while (!bytes.empty()) {
    throw_if_signalled();
    const ssize_t n = call(bytes);
    count_step();
    if (n > 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(n));
    } else if (n == 0) {
      fail(Exit::failed, "write {}: nothing was taken", fd.name());
    } else if (errno != EINTR) {
      fail(Exit::failed, "write {}: {}", fd.name(), errno_text(errno));
    }
  }
}

}  // namespace

void write_all(const Fd& fd, Bytes bytes) {
  write_with(fd, bytes, [&](Bytes rest) { return ::write(fd.number(), rest.data(), rest.size()); });
}

void write_all_at(const Fd& fd, Bytes bytes, std::uint64_t offset) {
  const std::byte* const begin = bytes.data();
  write_with(fd, bytes, [&](Bytes rest) {
    const auto at = offset + static_cast<std::uint64_t>(rest.data() - begin);
    return ::pwrite(fd.number(), rest.data(), rest.size(), static_cast<off_t>(at));
  });
}

ssize_t read_if_ready(const Fd& fd, std::span<std::byte> buffer) {
  return ::read(fd.number(), buffer.data(), buffer.size());
}

ssize_t write_if_ready(const Fd& fd, Bytes bytes) {
  const ssize_t n = ::write(fd.number(), bytes.data(), bytes.size());
  return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : n;
}

}  // namespace pitr
