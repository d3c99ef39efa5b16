#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>

namespace pitr {

// Another process of the test. It has done `work`, keeps what that returned and stays as it is until it is
// killed: with kill() it dies as in a power cut, without unwinding.
class Companion {
 public:
  template <typename F>
  explicit Companion(F work) {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    number_ = ::fork();
    REQUIRE(number_ >= 0);
    if (number_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      try {
        const auto kept = work();
        if (::write(ends[1], "", 1) == 1) {
          for (;;) ::pause();
        }
      } catch (...) {
      }
      ::_exit(1);
    }
    ::close(ends[1]);
    char ready;
    const bool is_ready = ::read(ends[0], &ready, 1) == 1;
    ::close(ends[0]);
    REQUIRE(is_ready);
  }
  ~Companion() { kill(); }
  Companion(const Companion&) = delete;
  Companion& operator=(const Companion&) = delete;

  void kill() {
    if (number_ <= 0) return;
    ::kill(number_, SIGKILL);
    ::waitpid(number_, nullptr, 0);
    number_ = 0;
  }
  pid_t number() const { return number_; }

 private:
  pid_t number_ = 0;
};

}  // namespace pitr
