#pragma once

#include <csignal>

#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace pitr {

// Blocks all signals while threads are started, which inherit it: signals then reach the main thread only,
// whose reads and writes turn them into an Error.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

// False when the system gives no more threads: the work is then done by those that are there.
template <typename F>
bool start_thread(std::vector<std::jthread>& threads, F body) {
  const SignalsBlocked blocked;
  try {
    threads.emplace_back(std::move(body));
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

}  // namespace pitr
