#include "common/os/thread.h"

#include <csignal>

#include <system_error>

namespace pitr {
namespace {

// Blocks all signals while a thread is started, which inherits it.
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

}  // namespace

bool start_thread(std::vector<std::jthread>& threads, std::function<void()> body) {
  const SignalsBlocked blocked;
  try {
    threads.emplace_back(std::move(body));
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

}  // namespace pitr
