#pragma once

#include <cstdint>
#include <filesystem>

#include "common/os/fd.h"

namespace pitr {

// The bytes of a regular file. Opened without following a symbolic link at its end and without waiting for
// the other end of a FIFO; what is not a regular file is an Error.
class FileSource final : public Source {
 public:
  explicit FileSource(Fd fd);
  std::size_t read(std::span<std::byte> buffer) override { return read_some(fd_, buffer); }
  std::optional<std::uint64_t> size() const override { return size_; }
  std::uint64_t file_size() const { return size_; }  // when it was opened
  const Fd& fd() const { return fd_; }

 private:
  Fd fd_;
  std::uint64_t size_;
};
FileSource open_regular(const std::filesystem::path& path);

}  // namespace pitr
