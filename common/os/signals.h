#pragma once

#include <atomic>
#include <exception>

namespace pitr {

// A signal was caught, or this thread has to give up. It is no Error: where an Error is noted and the work
// goes on, this passes. It ends the program in run_program(), and a thread or a child where its work began.
class Interrupted final : public std::exception {
 public:
  // The signal; 0: the thread gives up.
  explicit Interrupted(int number);
  const char* what() const noexcept override { return text_; }

 private:
  char text_[32];  // copying an exception must not throw
};

// SIGTERM, SIGINT and SIGHUP (unless nohup ignores it) are remembered from here on; every read, write and
// wait of the suite then throws Interrupted, and unwinding removes what was begun. SIGPIPE and SIGXFSZ become
// errors of the write.
void catch_signals();
// The signal that was remembered, 0 when there was none.
int caught_signal();
void throw_if_signalled();
// The calling thread gives up, as at a signal, once this flag is set. Null: not any more.
void give_up_when(const std::atomic<bool>* flag);
// SIGUSR1 is remembered from here on; it interrupts nothing by itself.
void remember_user_signal();
bool user_signal_caught();
// Waits until `seconds` have passed or a signal was caught (then throws).
void pause_for(double seconds);

}  // namespace pitr
