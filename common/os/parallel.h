#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "common/base/stream.h"

namespace pitr {

// How many workers a program uses: `wanted`, or for 0 one per processor that this process may use, at most
// `most`.
std::size_t worker_count(int wanted, std::size_t most);

// Calls work(i) for every i below `count` on up to `workers` threads. Returns when all have ended; the first
// Error by index is thrown then. Work shares nothing but the index: results go to slot i.
void parallel_for(std::size_t count, std::size_t workers, const std::function<void(std::size_t)>& work);

// Tasks that run on worker threads in any order, begun in the order in which they were posted.
class TaskQueue {
 public:
  TaskQueue(std::size_t workers, std::size_t most_waiting);
  ~TaskQueue();  // drops what has not begun, waits for what has
  TaskQueue(const TaskQueue&) = delete;
  TaskQueue& operator=(const TaskQueue&) = delete;

  // Waits while too many are waiting. Throws what the first task that failed threw; nothing runs after that.
  void post(std::function<void()> task);
  // Returns when all have ended, or throws as post() does. Posting may go on.
  void finish();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// Cuts a stream into blocks of one size, transforms them on worker threads and hands the results on in order.
// The caller's thread collects the blocks and receives the results: `deliver` needs no locking.
// At most 2 * workers + 1 blocks exist at any time, their buffers are reused. With one worker, or while the
// first block is not full, nothing runs on another thread.
class BlockPipeline {
 public:
  // Transforms `block` and replaces what is in `result`, which is that of an earlier block. `worker` <
  // workers: each worker has its own number, so that it can own a compression context. Runs on worker
  // threads; may throw Error.
  using Transform = std::function<void(std::size_t worker, Bytes block, std::vector<std::byte>& result)>;
  // Receives the results in order, with the block they came from.
  using Deliver = std::function<void(Bytes block, Bytes result)>;

  BlockPipeline(std::size_t block_size, std::size_t workers, Transform transform, Deliver deliver);
  ~BlockPipeline();  // abandons what is in flight, ends the threads
  BlockPipeline(const BlockPipeline&) = delete;
  BlockPipeline& operator=(const BlockPipeline&) = delete;

  void write(Bytes bytes);
  // The block ends here, although it is shorter than the others; without a byte in it it is none.
  void end_block();
  // Transforms the last, shorter block and delivers everything. An empty stream is one empty block.
  void finish();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pitr
