#include "common/os/background.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>

#include "common/os/thread.h"

namespace pitr {
namespace {

class BackgroundSource final : public Source {
 public:
  explicit BackgroundSource(std::function<void(Sink&)> produce) : produce_(std::move(produce)) {
    if (!start_thread(thread_, [this] { work(); }))
      fail(Exit::failed, "start a thread: the system gives no more");
  }
  ~BackgroundSource() override {
    {
      const std::lock_guard lock(mutex_);
      abandoned_ = true;
    }
    changed_.notify_all();
    thread_.clear();
  }
  BackgroundSource(const BackgroundSource&) = delete;
  BackgroundSource& operator=(const BackgroundSource&) = delete;

  std::size_t read(std::span<std::byte> buffer) override {
    if (taken_ == front_.size()) next_piece();
    const std::size_t n = std::min(buffer.size(), front_.size() - taken_);
    std::copy_n(front_.begin() + static_cast<std::ptrdiff_t>(taken_), n, buffer.begin());
    taken_ += n;
    return n;
  }

 private:
  static constexpr std::size_t piece_size = 256 * 1024;

  class Entrance final : public Sink {
   public:
    explicit Entrance(BackgroundSource& source) : source_(source) {}
    void write(Bytes bytes) override { source_.put(bytes); }
    void finish() override {}

   private:
    BackgroundSource& source_;
  };

  void work() {
    std::exception_ptr error;
    try {
      Entrance entrance(*this);
      produce_(entrance);
    } catch (...) {
      error = std::current_exception();
    }
    const std::lock_guard lock(mutex_);
    error_ = error;
    ended_ = true;
    changed_.notify_all();
  }

  // Gathers small writes: a hand-over for each of them would cost more than the work.
  void put(Bytes bytes) {
    std::unique_lock lock(mutex_);
    while (!bytes.empty()) {
      changed_.wait(lock, [this] { return abandoned_ || back_.size() < piece_size; });
      if (abandoned_) fail(Exit::failed, "read in the background: abandoned");
      const std::size_t n = std::min(bytes.size(), piece_size - back_.size());
      const bool was_empty = back_.empty();
      back_.insert(back_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n));
      bytes = bytes.subspan(n);
      if (was_empty) changed_.notify_all();
    }
  }

  void next_piece() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return ended_ || !back_.empty(); });
    if (back_.empty() && error_) std::rethrow_exception(error_);
    front_.clear();
    std::swap(front_, back_);
    taken_ = 0;
    changed_.notify_all();
  }

  const std::function<void(Sink&)> produce_;
  std::vector<std::byte> front_;  // the reader's
  std::size_t taken_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::byte> back_;  // these are guarded by mutex_
  std::exception_ptr error_;
  bool ended_ = false;
  bool abandoned_ = false;

  std::vector<std::jthread> thread_;  // last: it uses all of the above
};

}  // namespace

std::unique_ptr<Source> in_background(std::function<void(Sink&)> produce) {
  return std::make_unique<BackgroundSource>(std::move(produce));
}

}  // namespace pitr
