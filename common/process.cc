#include "common/process.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "common/fd.h"

namespace pitr {
namespace {

// Polled, so that a child that ends is seen at once and everything else now and then.
constexpr int nap_milliseconds = 200;
// What a process of ours ends with when an exception left its work.
constexpr int threw = 126;

// What `work` throws must not unwind into the caller's frames, which the child has copies of.
int contained(const std::function<int()>& work) noexcept {
  try {
    return work();
  } catch (...) {
    return threw;
  }
}

class Child {
 public:
  // `work` runs in the child and does not return to the caller there.
  explicit Child(const std::function<int()>& work) {
    // Whoever started us may have ignored it, and then no status ever comes.
    ::signal(SIGCHLD, SIG_DFL);
    number_ = ::fork();
    if (number_ < 0) fail(Exit::failed, "fork: {}", errno_text(errno));
    if (number_ == 0) {
      // Nothing of ours may outlive us: the server takes our end for the end of the work.
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      try {
        ::_exit(contained(work));
      } catch (...) {
        ::_exit(threw);  // unwinding further would undo in the child what its parent is doing
      }
    }
    descriptor_ = Fd(static_cast<int>(::syscall(SYS_pidfd_open, number_, 0)), "child process");
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    // It may still have something to clean up; one that hangs in the kernel is left behind.
    for (const int number : {SIGTERM, SIGKILL}) {
      if (number_ > 0 && ::kill(number_, number) == 0) (void)ended();
    }
  }

  // Returns whether it has ended, after a nap at most.
  bool ended() {
    pollfd event{descriptor_.number(), POLLIN, 0};
    ::poll(&event, 1, nap_milliseconds);
    int status = 0;
    if (::waitpid(number_, &status, WNOHANG) != number_) return false;
    number_ = 0;
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return true;
  }
  int status() const { return status_; }

 private:
  pid_t number_ = 0;
  Fd descriptor_;
  int status_ = 0;
};

[[noreturn]] void execute(const std::vector<std::string>& words, const std::filesystem::path& directory) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  constexpr int cannot_run = 127;
  // What we ignore is for us: a filter in the command's own pipe must die of it.
  for (const int number : {SIGPIPE, SIGXFSZ}) ::signal(number, SIG_DFL);
  if (::chdir(directory.c_str()) == 0) ::execvp(arguments[0], arguments.data());
  ::_exit(cannot_run);
}

}  // namespace

int run(const std::vector<std::string>& words, const std::filesystem::path& directory) {
  Child child([&]() -> int { execute(words, directory); });
  while (!child.ended()) throw_if_signalled();
  return child.status();
}

std::optional<int> run_apart(const std::function<int()>& work, const std::function<bool()>& give_up) {
  // An Error comes back through a pipe, its code first; a message of that size never blocks the writer.
  constexpr std::size_t longest_message = 4000;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) fail(Exit::failed, "pipe: {}", errno_text(errno));
  const Fd reader(ends[0], "pipe");
  Fd writer(ends[1], "pipe");
  const auto tell = [&](Exit code, const char* reason) {
    const std::string message = static_cast<char>(code) + std::string(reason).substr(0, longest_message - 1);
    write_all(writer, as_bytes(message));
    return threw;
  };
  Child child([&] {
    try {
      return work();
    } catch (const Error& error) {
      return tell(error.code(), error.what());
    } catch (const std::exception& error) {
      return tell(Exit::failed, error.what());
    }
  });
  writer.close();
  while (!child.ended()) {
    throw_if_signalled();
    if (give_up()) return std::nullopt;
  }
  if (child.status() < threw) return child.status();
  std::string message(longest_message, '\0');
  message.resize(read_some(reader, std::as_writable_bytes(std::span(message))));
  if (message.empty()) fail(Exit::failed, "a process of ours ended with status {}", child.status());
  throw Error(static_cast<Exit>(message[0]), message.substr(1));
}

void become_owner_of(const std::filesystem::path& data_directory) {
  if (::geteuid() != 0) return;
  const struct stat status = file_status(open_file(data_directory, O_RDONLY | O_DIRECTORY));
  if (status.st_uid == 0) return;
  const struct passwd* user = ::getpwuid(status.st_uid);
  const bool has_groups = user == nullptr ? ::setgroups(0, nullptr) == 0
                                          : ::initgroups(user->pw_name, status.st_gid) == 0;
  // The groups first: afterwards there is no right to change them.
  if (!has_groups || ::setgid(status.st_gid) != 0 || ::setuid(status.st_uid) != 0) {
    fail(Exit::failed, "become the owner of {} (uid {}): {}", data_directory.native(), status.st_uid,
         errno_text(errno));
  }
}

void be_nice() {
  // Neither can fail for an ordinary process, and a backup at full priority is still a backup.
  (void)::setpriority(PRIO_PROCESS, 0, 10);
  // linux/ioprio.h: class best-effort (2) in the bits from 13, level 7 below; "who" 1 is a process.
  (void)::syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 7);
}

}  // namespace pitr
