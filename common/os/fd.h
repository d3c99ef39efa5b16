#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <atomic>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "common/base/stream.h"

namespace pitr {

// The only read(2) and write(2) of the suite. EINTR and short counts end here.

// An open descriptor and what messages call it. Closed with its owner; -1 is none.
class Fd {
 public:
  Fd() = default;
  Fd(int number, std::string name) : number_(number), name_(std::move(name)) {}
  ~Fd() { close(); }
  Fd(Fd&& other) noexcept : number_(std::exchange(other.number_, -1)), name_(std::move(other.name_)) {}
  Fd& operator=(Fd&& other) noexcept;

  int number() const { return number_; }
  const std::string& name() const { return name_; }
  explicit operator bool() const { return number_ >= 0; }
  void close();  // for readers: what close(2) reports is dropped

 private:
  int number_ = -1;
  std::string name_;
};

// What messages call `path` in the open directory `at`; no Fd is the working directory.
std::string joined_name(const Fd& at, const std::filesystem::path& path);

// open(2) with O_CLOEXEC. Null when the file, or a directory on the way to it, does not exist; any other
// failure throws.
Fd open_if_there(const Fd& at, const std::filesystem::path& path, int flags);
Fd open_if_there(const std::filesystem::path& path, int flags);
// The same, but a missing file is an Error too.
Fd open_file(const Fd& at, const std::filesystem::path& path, int flags, mode_t mode = 0);
Fd open_file(const std::filesystem::path& path, int flags, mode_t mode = 0);

struct stat file_status(const Fd& fd);

std::size_t read_some(const Fd& fd, std::span<std::byte> buffer);  // 0 is the end
std::size_t read_at(const Fd& fd, std::span<std::byte> buffer, std::uint64_t offset);
// The same without bringing anything into the page cache that is not in it. Null: this kernel or file system
// cannot.
std::optional<std::size_t> read_at_uncached(const Fd& fd, std::span<std::byte> buffer, std::uint64_t offset);
void write_all(const Fd& fd, Bytes bytes);
// Of a pipe that does not block: what it gives or takes at once. -1: nothing now (reading), or never
// (writing: the other end is closed).
ssize_t read_if_ready(const Fd& fd, std::span<std::byte> buffer);
ssize_t write_if_ready(const Fd& fd, Bytes bytes);
void write_all_at(const Fd& fd, Bytes bytes, std::uint64_t offset);

}  // namespace pitr
