#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace pitr {

// Puts what threads make side by side into one row: 0, 1, 2, ...
class Turns {
 public:
  // The turn of one of the row. It ends with the object; then the next one has its turn, but only if go_on()
  // was called.
  class Turn {
   public:
    Turn(Turns& turns, std::size_t number) : turns_(turns), number_(number) {}
    ~Turn() { turns_.end(number_, goes_on_); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

    // Waits until all before it have ended; false when the row has ended with one of them.
    bool comes() { return turns_.wait_for(number_); }
    void go_on() { goes_on_ = true; }

   private:
    Turns& turns_;
    const std::size_t number_;
    bool goes_on_ = false;
  };

  // The row has ended; what has not begun need not begin.
  bool over() const {
    const std::lock_guard lock(mutex_);
    return over_;
  }

 private:
  bool wait_for(std::size_t number) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return over_ || next_ == number; });
    return !over_;
  }
  void end(std::size_t number, bool goes_on) {
    if (!wait_for(number)) return;
    {
      const std::lock_guard lock(mutex_);
      ++next_;
      over_ = !goes_on;
    }
    changed_.notify_all();
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t next_ = 0;  // these are guarded by mutex_
  bool over_ = false;
};

}  // namespace pitr
