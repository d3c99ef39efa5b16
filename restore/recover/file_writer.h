#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "common/os/fd.h"
#include "common/os/task_queue.h"

namespace pitr {

// Writes the pieces of many files on worker threads: bringing pages into the page cache costs more than
// decompressing them. Memory holds three pieces per worker.
class FileWriter {
 public:
  static constexpr std::size_t piece_size = 1 << 20;
  using Buffer = std::shared_ptr<std::byte[]>;

  explicit FileWriter(std::size_t workers) : tasks_(workers, 2 * workers) {}
  Buffer buffer();  // of piece_size, returned by write() when it is written
  // Throws when an earlier write failed. `file` is closed when its last piece is written.
  void write(std::shared_ptr<const Fd> file, Buffer buffer, std::size_t size, std::uint64_t offset);
  void finish();  // everything is written

 private:
  std::mutex mutex_;
  std::vector<Buffer> free_;  // guarded by mutex_
  TaskQueue tasks_;           // last: the tasks use all of the above
};

}  // namespace pitr
