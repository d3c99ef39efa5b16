#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "common/base/stream.h"

namespace pitr {

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
