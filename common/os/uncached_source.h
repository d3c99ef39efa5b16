#pragma once

#include <vector>

#include "common/os/fd.h"

namespace pitr {

// Reads a whole file of a running server and leaves the page cache as it was: what the server has in it
// stays, what it has not is not brought in. RWF_DONTCACHE does it where the kernel has it (Linux 6.14).
// Elsewhere the file is read in windows: one that had no page in the cache before is dropped afterwards, any
// other is left alone. POSIX_FADV_DONTNEED alone would throw out the server's own hot pages.
class UncachedSource final : public Source {
 public:
  explicit UncachedSource(const Fd& file);  // `file` stays the caller's
  ~UncachedSource() override;
  UncachedSource(const UncachedSource&) = delete;
  UncachedSource& operator=(const UncachedSource&) = delete;
  std::size_t read(std::span<std::byte> buffer) override;

 private:
  void drop_windows_before(std::uint64_t offset);

  const Fd& file_;
  bool has_dontcache_ = true;
  std::uint64_t offset_ = 0;
  std::vector<bool> droppable_;  // by window; found out before the first read, because reading reads ahead
  std::size_t next_to_drop_ = 0;
};

}  // namespace pitr
