#pragma once

#include <filesystem>
#include <memory>

#include "common/os/fd.h"

namespace pitr {

// Bytes parked outside memory until they can be read again, in an unnamed file in `directory`.
class SpoolFile final : public Sink {
 public:
  explicit SpoolFile(const std::filesystem::path& directory);
  void write(Bytes bytes) override;
  void finish() override {}
  void clear() { truncate(0); }
  void truncate(std::uint64_t size);  // forgets what was written behind
  std::uint64_t size() const { return size_; }
  const Fd& fd() const { return file_; }  // for a program that reads it
  // Reads from the start. At most one reader at a time; writing after reading appends.
  std::unique_ptr<Source> reader();

 private:
  Fd file_;
  std::uint64_t size_ = 0;
};

}  // namespace pitr
