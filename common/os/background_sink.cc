#include "common/os/background_sink.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>

#include "common/os/signals.h"
#include "common/os/thread.h"

namespace pitr {

class BackgroundSink::Work {
 public:
  Work(Tee::Opener open, Patience patience) : open_(std::move(open)), patience_(std::move(patience)) {
    if (!start_thread(thread_, [this] { run(); }))
      fail(Exit::failed, "start a thread: the system gives no more");
  }
  ~Work() {
    {
      const std::lock_guard lock(mutex_);
      gives_up_ = true;
    }
    changed_.notify_all();
    thread_.clear();
  }
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;

  void write(Bytes bytes) {
    while (!bytes.empty()) {
      const Bytes piece = bytes.first(std::min(bytes.size(), most_waiting / 4));
      wait([this] { return waiting_ < most_waiting; });
      const std::lock_guard lock(mutex_);
      pieces_.emplace_back(piece.begin(), piece.end());
      waiting_ += piece.size();
      changed_.notify_all();
      bytes = bytes.subspan(piece.size());
    }
  }

  // Has the thread do everything up to this step.
  enum class Step { writing, prepared, finished };
  void reach(Step step) {
    {
      const std::lock_guard lock(mutex_);
      wanted_ = step;
    }
    changed_.notify_all();
    wait([this, step] { return reached_ >= step; });
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr Clock::time_point idle = Clock::time_point::max();
  static constexpr std::size_t most_waiting = 8 * 1024 * 1024;

  // Until `condition` holds; it is asked under the lock.
  void wait(const std::function<bool()>& condition) {
    const auto begin = Clock::now();
    std::unique_lock lock(mutex_);
    for (;;) {
      if (error_) std::rethrow_exception(error_);
      if (condition()) return;
      // A signal between the look and the wait would be slept over: short naps bound that.
      changed_.wait_for(lock, std::chrono::milliseconds(200));
      // Of several silent ones the second has been silent for as long as the first was waited for.
      const auto since = std::min(begin, busy_since_);
      lock.unlock();
      throw_if_signalled();
      if (Clock::now() - since > patience_.patience && patience_.may_be_left()) {
        fail(Exit::failed, "{}: not done within {} s", patience_.called, patience_.patience.count());
      }
      lock.lock();
    }
  }

  void run() {
    give_up_when(&gives_up_);
    try {
      const auto sink = open_();
      become_idle();
      while (reached_ != Step::finished) advance(sink.get());
    } catch (...) {
      const std::lock_guard lock(mutex_);
      error_ = std::current_exception();
    }
    changed_.notify_all();
  }

  void become_idle() {
    const std::lock_guard lock(mutex_);
    busy_since_ = idle;
  }

  void advance(Sink* sink) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return gives_up_ || !pieces_.empty() || wanted_ > reached_; });
    throw_if_signalled();
    busy_since_ = Clock::now();
    if (!pieces_.empty()) {
      const std::vector<std::byte> piece = std::move(pieces_.front());
      pieces_.pop_front();
      lock.unlock();
      if (sink != nullptr) sink->write(piece);
      lock.lock();
      waiting_ -= piece.size();
    } else {
      const Step step = wanted_;
      lock.unlock();
      if (sink != nullptr && step == Step::prepared) sink->prepare();
      if (sink != nullptr && step == Step::finished) sink->finish();
      lock.lock();
      reached_ = step;
    }
    busy_since_ = idle;
    changed_.notify_all();
  }

  const Tee::Opener open_;
  const Patience patience_;
  std::atomic<bool> gives_up_{false};

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::vector<std::byte>> pieces_;  // these are guarded by mutex_
  std::size_t waiting_ = 0;
  Clock::time_point busy_since_ = Clock::now();  // with one step; `idle` between two
  Step wanted_ = Step::writing;
  Step reached_ = Step::writing;
  std::exception_ptr error_;

  std::vector<std::jthread> thread_;  // last: it uses all of the above
};

BackgroundSink::BackgroundSink(Tee::Opener open, Patience patience)
    : work_(std::make_unique<Work>(std::move(open), std::move(patience))) {}

BackgroundSink::~BackgroundSink() = default;

void BackgroundSink::write(Bytes bytes) { work_->write(bytes); }
void BackgroundSink::prepare() { work_->reach(Work::Step::prepared); }
void BackgroundSink::finish() { work_->reach(Work::Step::finished); }

}  // namespace pitr
