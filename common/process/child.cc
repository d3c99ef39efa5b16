#include "common/process/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace pitr {
namespace {

// Polled, so that a child that ends is seen at once and everything else now and then.
constexpr int nap_milliseconds = 200;

// What `work` throws must not unwind into the caller's frames, which the child has copies of.
int contained(const std::function<int()>& work) noexcept {
  try {
    return work();
  } catch (...) {
    return child_threw;
  }
}

// Whoever waits for the end of our output, or for a lock of ours, must not wait for a process that outlives
// us. What is ours a new program does not inherit, so this is about what we inherited ourselves.
void keep_nothing_open() {
  const int nothing = ::open("/dev/null", O_RDWR);
  for (int number = 0; number <= 2; ++number) ::dup2(nothing, number);
  // Linux before 5.9 cannot close all at once.
  if (::close_range(3, ~0U, 0) == 0) return;
  std::vector<int> numbers;
  std::error_code code;
  for (std::filesystem::directory_iterator entry("/proc/self/fd", code), end; !code && entry != end;
       entry.increment(code)) {
    numbers.push_back(std::atoi(entry->path().filename().c_str()));
  }
  for (const int number : numbers) {
    if (number > 2) ::close(number);
  }
}

// Becomes the program, or ends.
[[noreturn]] void execute_or_end(const std::vector<std::string>& words,
                                 const std::filesystem::path& directory, int status_of_failure) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  // What we ignore is for us: a filter in the command's own pipe must die of it.
  for (const int number : {SIGPIPE, SIGXFSZ}) ::signal(number, SIG_DFL);
  // A thread of ours hears no signal; the program is to hear all.
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (::chdir(directory.c_str()) == 0) ::execvp(arguments[0], arguments.data());
  ::_exit(status_of_failure);
}

}  // namespace

Child::Child(const std::function<int()>& work, Dies dies) {
  // Whoever started us may have ignored it, and then no status ever comes.
  ::signal(SIGCHLD, SIG_DFL);
  number_ = ::fork();
  if (number_ < 0) fail(Exit::failed, "fork: {}", errno_text(errno));
  if (number_ == 0) {
    if (dies == Dies::with_us) ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (dies == Dies::with_group) ::setpgid(0, 0);
    try {
      ::_exit(contained(work));
    } catch (...) {
      ::_exit(child_threw);  // unwinding further would undo in the child what its parent is doing
    }
  }
  if (dies == Dies::with_group) {
    ::setpgid(number_, number_);  // both do it, and the later one changes nothing
    group_ = number_;
  }
  descriptor_ = Fd(static_cast<int>(::syscall(SYS_pidfd_open, number_, 0)), "child process");
}

Child::~Child() {
  // It may still have something to clean up; one that hangs in the kernel is left behind.
  for (const int number : {SIGTERM, SIGKILL}) {
    if (group_ > 0) {
      ::kill(-group_, number);
    } else if (number_ > 0) {
      ::kill(number_, number);
    }
    if (number_ > 0) (void)ended();
  }
}

bool Child::ended() {
  pollfd event{descriptor_.number(), POLLIN, 0};
  ::poll(&event, 1, nap_milliseconds);
  int status = 0;
  if (::waitpid(number_, &status, WNOHANG) != number_) return false;
  number_ = 0;
  status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return true;
}

void start_detached(const std::vector<std::string>& words) {
  const pid_t number = ::fork();
  if (number < 0) fail(Exit::failed, "fork: {}", errno_text(errno));
  if (number > 0) return;
  // A signal to the group that we were started in is none for it.
  ::setsid();
  keep_nothing_open();
  execute_or_end(words, "/", 1);
}

void execute(const std::vector<std::string>& words, const std::filesystem::path& directory) {
  constexpr int cannot_run = 127;
  execute_or_end(words, directory, cannot_run);
}

}  // namespace pitr
