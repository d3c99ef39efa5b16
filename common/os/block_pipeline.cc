#include "common/os/block_pipeline.h"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include "common/os/thread.h"

namespace pitr {

class BlockPipeline::Impl {
 public:
  Impl(std::size_t block_size, std::size_t workers, Transform transform, Deliver deliver)
      : block_size_(block_size),
        workers_(std::max<std::size_t>(workers, 1)),
        most_in_flight_(2 * workers_),
        transform_(std::move(transform)),
        deliver_(std::move(deliver)) {}
  ~Impl();
  void write(Bytes bytes);
  void end_block();
  void finish();

 private:
  struct Block {
    explicit Block(std::size_t capacity) : bytes(std::make_unique_for_overwrite<std::byte[]>(capacity)) {}
    Bytes content() const { return {bytes.get(), size}; }

    std::unique_ptr<std::byte[]> bytes;
    std::size_t size = 0;
    std::vector<std::byte> result;
    std::exception_ptr error;
    bool done = false;  // guarded by mutex_; until then all but this belongs to a worker
  };

  void begin();
  void hand_over();
  void transform_here();
  void work(std::size_t worker);
  bool front_done(bool wait);
  void deliver_front();
  std::unique_ptr<Block> empty_block();

  const std::size_t block_size_;
  std::size_t workers_;
  const std::size_t most_in_flight_;
  const Transform transform_;
  const Deliver deliver_;

  // The calling thread's own.
  bool unusable_ = false;
  std::unique_ptr<Block> current_;
  std::deque<std::unique_ptr<Block>> in_flight_;  // in the order of the stream
  std::vector<std::unique_ptr<Block>> free_;
  std::vector<std::jthread> threads_;

  std::mutex mutex_;
  std::condition_variable work_came_;
  std::condition_variable block_done_;
  std::deque<Block*> queue_;  // guarded by mutex_
  bool stopping_ = false;     // guarded by mutex_
};

BlockPipeline::Impl::~Impl() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    queue_.clear();
  }
  work_came_.notify_all();
  threads_.clear();  // joins: the blocks must outlive the workers
}

// After an error a block is missing, and after the end nothing may follow: going on would make a stream with
// a hole that looks whole.
void BlockPipeline::Impl::begin() {
  if (std::exchange(unusable_, true)) fail(Exit::failed, "block pipeline: used after an error or its end");
}

void BlockPipeline::Impl::write(Bytes bytes) {
  begin();
  while (!bytes.empty()) {
    // A full block waits here until more comes: a stream of one block needs no thread.
    if (current_ && current_->size == block_size_) hand_over();
    if (!current_) current_ = empty_block();
    const std::size_t n = std::min(block_size_ - current_->size, bytes.size());
    std::memcpy(current_->bytes.get() + current_->size, bytes.data(), n);
    current_->size += n;
    bytes = bytes.subspan(n);
  }
  unusable_ = false;
}

void BlockPipeline::Impl::end_block() {
  begin();
  if (current_ && current_->size > 0) hand_over();
  unusable_ = false;
}

void BlockPipeline::Impl::finish() {
  begin();
  if (!current_) current_ = empty_block();
  if (threads_.empty()) {
    transform_here();
    return;
  }
  hand_over();
  while (!in_flight_.empty()) {
    front_done(true);
    deliver_front();
  }
}

void BlockPipeline::Impl::hand_over() {
  if (threads_.size() < workers_ && workers_ > 1) {
    const std::size_t worker = threads_.size();
    if (!start_thread(threads_, [this, worker] { work(worker); }))
      workers_ = std::max<std::size_t>(worker, 1);
  }
  if (threads_.empty()) {
    transform_here();
    return;
  }
  in_flight_.push_back(std::move(current_));
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(in_flight_.back().get());
  }
  work_came_.notify_one();
}

void BlockPipeline::Impl::transform_here() {
  transform_(0, current_->content(), current_->result);
  deliver_(current_->content(), current_->result);
  current_->size = 0;
}

void BlockPipeline::Impl::work(std::size_t worker) {
  std::unique_lock lock(mutex_);
  while (true) {
    work_came_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    Block& block = *queue_.front();
    queue_.pop_front();
    lock.unlock();
    try {
      transform_(worker, block.content(), block.result);
    } catch (...) {
      block.error = std::current_exception();
    }
    lock.lock();
    block.done = true;
    block_done_.notify_one();
  }
}

bool BlockPipeline::Impl::front_done(bool wait) {
  std::unique_lock lock(mutex_);
  const Block& front = *in_flight_.front();
  if (wait) block_done_.wait(lock, [&front] { return front.done; });
  return front.done;
}

void BlockPipeline::Impl::deliver_front() {
  std::unique_ptr<Block> block = std::move(in_flight_.front());
  in_flight_.pop_front();
  if (block->error) std::rethrow_exception(block->error);
  deliver_(block->content(), block->result);
  free_.push_back(std::move(block));
}

// Delivers what is ready before it asks for memory: a buffer in use costs less than a fresh one.
std::unique_ptr<BlockPipeline::Impl::Block> BlockPipeline::Impl::empty_block() {
  while (!in_flight_.empty() && front_done(in_flight_.size() == most_in_flight_)) deliver_front();
  if (free_.empty()) return std::make_unique<Block>(block_size_);
  std::unique_ptr<Block> block = std::move(free_.back());
  free_.pop_back();
  block->size = 0;
  block->done = false;
  return block;
}

BlockPipeline::BlockPipeline(std::size_t block_size, std::size_t workers, Transform transform,
                             Deliver deliver)
    : impl_(std::make_unique<Impl>(block_size, workers, std::move(transform), std::move(deliver))) {}
BlockPipeline::~BlockPipeline() = default;
void BlockPipeline::write(Bytes bytes) { impl_->write(bytes); }
void BlockPipeline::end_block() { impl_->end_block(); }
void BlockPipeline::finish() { impl_->finish(); }

}  // namespace pitr
