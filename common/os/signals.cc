#include "common/os/signals.h"

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>

namespace pitr {
namespace {

// A signal handler may touch nothing but this.
std::atomic<int> remembered_signal{0};
std::atomic<bool> remembered_user_signal{false};
thread_local const std::atomic<bool>* gives_up = nullptr;
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);

}  // namespace

void catch_signals() {
  struct sigaction remember {};
  remember.sa_handler = [](int number) { remembered_signal.store(number); };
  sigemptyset(&remember.sa_mask);
  // Without SA_RESTART: a blocked call returns EINTR and the loop above it looks at the signal.
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
    struct sigaction inherited {};
    ::sigaction(number, nullptr, &inherited);
    // nohup means it.
    if (number == SIGHUP && inherited.sa_handler == SIG_IGN) continue;
    ::sigaction(number, &remember, nullptr);
  }
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  for (const int number : {SIGPIPE, SIGXFSZ}) ::sigaction(number, &ignore, nullptr);
}

void remember_user_signal() {
  struct sigaction remember {};
  remember.sa_handler = [](int) { remembered_user_signal.store(true); };
  sigemptyset(&remember.sa_mask);
  ::sigaction(SIGUSR1, &remember, nullptr);
}

bool user_signal_caught() { return remembered_user_signal.load(); }

int caught_signal() { return remembered_signal.load(); }

void give_up_when(const std::atomic<bool>* flag) { gives_up = flag; }

Interrupted::Interrupted(int number) {
  std::snprintf(text_, sizeof text_, number == 0 ? "given up" : "interrupted by SIG%s", sigabbrev_np(number));
}

void throw_if_signalled() {
  if (gives_up != nullptr && gives_up->load()) throw Interrupted(0);
  if (const int number = caught_signal(); number != 0) throw Interrupted(number);
}

void pause_for(double seconds) {
  using Clock = std::chrono::steady_clock;
  const auto end =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  for (;;) {
    throw_if_signalled();
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    if (left <= 0) return;
    // A signal between the look and the wait would be slept over: short naps bound that.
    ::poll(nullptr, 0, static_cast<int>(std::min<long long>(left, 100)));
  }
}

}  // namespace pitr
