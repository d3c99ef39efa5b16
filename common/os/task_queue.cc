#include "common/os/task_queue.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "common/os/thread.h"

namespace pitr {

class TaskQueue::Impl {
 public:
  Impl(std::size_t workers, std::size_t most_waiting)
      : most_waiting_(std::max<std::size_t>(most_waiting, 1)) {
    while (threads_.size() < workers && start_thread(threads_, [this] { work(); })) {
    }
  }
  ~Impl() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      waiting_.clear();
    }
    changed_.notify_all();
    threads_.clear();  // joins
  }

  void post(std::function<void()> task) {
    if (threads_.empty()) return task();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return error_ || waiting_.size() < most_waiting_; });
    if (error_) std::rethrow_exception(error_);
    waiting_.push_back(std::move(task));
    changed_.notify_all();
  }

  void finish() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return running_ == 0 && (error_ || waiting_.empty()); });
    if (error_) std::rethrow_exception(error_);
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return stopping_ || (!error_ && !waiting_.empty()); });
      if (stopping_) return;
      run_next(lock);
    }
  }
  void run_next(std::unique_lock<std::mutex>& lock) {
    std::function<void()> task = std::move(waiting_.front());
    waiting_.pop_front();
    ++running_;
    lock.unlock();
    std::exception_ptr error;
    try {
      task();
    } catch (...) {
      error = std::current_exception();
    }
    task = nullptr;  // what it holds goes before others are told
    lock.lock();
    --running_;
    if (error && !error_) error_ = error;
    changed_.notify_all();
  }

  const std::size_t most_waiting_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;  // these are guarded by mutex_
  std::size_t running_ = 0;
  std::exception_ptr error_;
  bool stopping_ = false;
  std::vector<std::jthread> threads_;  // last: they use all of the above
};

TaskQueue::TaskQueue(std::size_t workers, std::size_t most_waiting)
    : impl_(std::make_unique<Impl>(workers, most_waiting)) {}
TaskQueue::~TaskQueue() = default;
void TaskQueue::post(std::function<void()> task) { impl_->post(std::move(task)); }
void TaskQueue::finish() { impl_->finish(); }

}  // namespace pitr
