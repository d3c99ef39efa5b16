#include "common/process/process.h"
#include "common/os/signals.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include <doctest/doctest.h>

#include "common/os/fd.h"
#include "common/os/file.h"
#include "common/os/lock.h"
#include "common/os/processes.h"
#include "common/process/child.h"
#include "tests/unit/failure.h"
#include "tests/unit/scratch.h"

using namespace pitr;

namespace {

const auto never = [] { return false; };

bool has_children() { return ::waitpid(-1, nullptr, WNOHANG) != -1 || errno != ECHILD; }

// Whether the process `pid`, no child of ours, ends soon.
bool ends(pid_t pid) {
  const Fd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)), "process");
  if (!process) return errno == ESRCH;
  pollfd event{process.number(), POLLIN, 0};
  return ::poll(&event, 1, 30'000) == 1;
}

}  // namespace

TEST_CASE("a program is found in PATH, and its exit status is returned") {
  CHECK(run({"true"}, "/") == 0);
  CHECK(run({"false"}, "/") == 1);
  CHECK(run({"sh", "-c", "exit 42"}, "/") == 42);
  CHECK(run({"/bin/sh", "-c", "exit 255"}, "/") == 255);
  CHECK_FALSE(has_children());
}

TEST_CASE("a program that cannot be run gives 127") {
  const Scratch scratch;
  CHECK(run({"no-such-program-anywhere"}, "/") == 127);
  CHECK(run({scratch / "missing"}, "/") == 127);
  CHECK(run({scratch.write("not-executable", "")}, "/") == 127);
  CHECK(run({"true"}, scratch / "missing") == 127);
}

TEST_CASE("a program that a signal killed gives 128 and the signal") {
  CHECK(run({"sh", "-c", "kill -KILL $$"}, "/") == 128 + SIGKILL);
  CHECK(run({"sh", "-c", "kill -TERM $$"}, "/") == 128 + SIGTERM);
}

TEST_CASE("a program gets its words as they are and runs in its directory") {
  const Scratch scratch;
  CHECK(run({"sh", "-c", "printf '%s|' \"$@\" >out; pwd >>out", "sh", "a b", "", "$HOME", "'", "*", "\n"},
            scratch / "") == 0);
  CHECK(text_of(scratch / "out") ==
        "a b||$HOME|'|*|\n|" + std::filesystem::canonical(scratch / "").native() + "\n");
}

TEST_CASE("a program's output is ours") {
  const Outcome outcome = in_child([] { return run({"sh", "-c", "echo out; echo err >&2"}, "/"); });
  CHECK(outcome.out == "out\n");
  CHECK(outcome.err == "err\n");
}

TEST_CASE("a filter in the program's own pipe dies of SIGPIPE, though we ignore it") {
  const Outcome outcome = in_child([] {
    catch_signals();
    return run({"sh", "-c", "kill -PIPE $$; exit 3"}, "/");
  });
  CHECK(outcome.status == 128 + SIGPIPE);
}

TEST_CASE("statuses come back though whoever started us ignored SIGCHLD") {
  const Outcome outcome = in_child([] {
    ::signal(SIGCHLD, SIG_IGN);
    return run({"sh", "-c", "exit 7"}, "/");
  });
  CHECK(outcome.status == 7);
}

TEST_CASE("a program gets none of our descriptors") {
  const Scratch scratch;
  const LockFile lock(scratch / "lock", 0600);
  run({"sh", "-c", "ls -l /proc/self/fd >out"}, scratch / "");
  CHECK(text_of(scratch / "out").find("lock") == std::string::npos);
}

TEST_CASE("a signal to us ends the program") {
  const Scratch scratch;
  const Outcome outcome = in_child([&] {
    catch_signals();
    // The program tells its parent to end, and never ends itself.
    const Failure failure = failure_of([&] {
      return run({"sh", "-c", "echo $$ >pid.new; mv pid.new pid; kill -TERM $PPID; exec sleep 100"},
                 scratch / "");
    });
    return failure.message == "interrupted by SIGTERM" ? 0 : 1;
  });
  CHECK(outcome.status == 0);
  CHECK(ends(std::stoi(text_of(scratch / "pid"))));
}

TEST_CASE("a program does not outlive us") {
  const Scratch scratch;
  const Outcome outcome = in_child([&] {
    return run({"sh", "-c", "echo $$ >pid.new; mv pid.new pid; kill -KILL $PPID; exec sleep 100"},
               scratch / "");
  });
  CHECK(outcome.status == 128 + SIGKILL);
  CHECK(ends(std::stoi(text_of(scratch / "pid"))));
}

TEST_CASE("work in a process of its own gives its result") {
  for (const int result : {0, 1, 2, 42, 125}) CHECK(run_apart([=] { return result; }, never) == result);
  CHECK_FALSE(has_children());
}

TEST_CASE("work in a process of its own changes nothing here") {
  int number = 1;
  CHECK(run_apart([&] { return ++number; }, never) == 2);
  CHECK(number == 1);
}

TEST_CASE("an Error comes back from the other process, with its code") {
  for (const Exit code : {Exit::failed, Exit::damaged, Exit::usage}) {
    const Failure failure = failure_of(
        [&] { return run_apart([&]() -> int { fail(code, "restore x: gone\nand more"); }, never); });
    CHECK(failure.code == code);
    CHECK(failure.message == "restore x: gone\nand more");
  }
  CHECK_FALSE(has_children());
}

TEST_CASE("a very long message comes back cut") {
  const Failure failure = failure_of(
      [] { return run_apart([]() -> int { fail(Exit::failed, "{}", std::string(100'000, 'x')); }, never); });
  CHECK(failure.message.size() > 1000);
  CHECK(failure.message.size() < 100'000);
  CHECK(failure.message.find_first_not_of('x') == std::string::npos);
}

TEST_CASE("an exception that is not ours comes back as an Error") {
  const Failure failure =
      failure_of([] { return run_apart([]() -> int { throw std::runtime_error("not ours"); }, never); });
  CHECK(failure.code == Exit::failed);
  CHECK(failure.message == "not ours");
}

TEST_CASE("an exception in the other process unwinds nothing of ours") {
  const Scratch scratch;
  const LockFile lock(scratch / "lock", 0600);
  AtomicFile file(scratch / "file", AtomicFile::Existing::refuse, 0600);
  const auto bad_work = []() -> int { throw 42; };
  CHECK(failure_of([&] { return run_apart(bad_work, never); }).code == Exit::failed);
  CHECK(is_locked(scratch / "lock"));
  file.finish();
  CHECK(std::filesystem::exists(scratch / "file"));
}

TEST_CASE("a process of ours that was killed is an error") {
  const auto killed = [] { return run_apart([] { return ::raise(SIGKILL); }, never); };
  const Failure failure = failure_of(killed);
  CHECK(failure.code == Exit::failed);
  CHECK(failure.message == "a process of ours ended with status 137");
  CHECK_FALSE(has_children());
}

TEST_CASE("work that makes no headway is given up, and killed") {
  const Scratch scratch;
  const Outcome outcome = in_child([&] {
    const auto work = [&] {
      scratch.write("new", std::to_string(::getpid()));
      std::filesystem::rename(scratch / "new", scratch / "pid");
      for (;;) ::pause();
      return 0;
    };
    const auto result = run_apart(work, [&] { return std::filesystem::exists(scratch / "pid"); });
    return !result && !has_children() ? 0 : 1;
  });
  CHECK(outcome.status == 0);
  CHECK(ends(std::stoi(text_of(scratch / "pid"))));
}

TEST_CASE("work that is given up may clean up") {
  const Outcome outcome = in_child([] {
    const Scratch scratch;
    catch_signals();
    const auto work = [&] {
      AtomicFile file(scratch / "file", AtomicFile::Existing::refuse, 0600);
      for (;;) pause_for(10);
      return 0;
    };
    const auto result = run_apart(work, [&] { return std::filesystem::exists(scratch / "file.tmp.0"); });
    return !result && std::filesystem::is_empty(scratch / "") ? 0 : 1;
  });
  CHECK(outcome.status == 0);
}

TEST_CASE("a signal to us ends the work") {
  const Outcome outcome = in_child([] {
    catch_signals();
    const auto work = []() -> int {
      ::kill(::getppid(), SIGTERM);
      for (;;) ::pause();
    };
    const Failure failure = failure_of([&] { return run_apart(work, never); });
    return failure.message == "interrupted by SIGTERM" && !has_children() ? 0 : 1;
  });
  CHECK(outcome.status == 0);
}

TEST_CASE("a detached program outlives us in a session of its own, in /, without a descriptor of ours") {
  const Scratch scratch;
  int ends_of_pipe[2];
  REQUIRE(::pipe(ends_of_pipe) == 0);
  const Outcome outcome = in_child([&] {
    ::close(ends_of_pipe[0]);
    start_detached(
        {"sh", "-c", "echo $$ >\"$0/new\"; mv \"$0/new\" \"$0/pid\"; exec sleep 100", scratch / ""});
    return 0;
  });
  CHECK(outcome.status == 0);
  // The pipe ends with us, not with the program.
  ::close(ends_of_pipe[1]);
  char byte = 0;
  CHECK(::read(ends_of_pipe[0], &byte, 1) == 0);
  ::close(ends_of_pipe[0]);
  for (int i = 0; i < 2000 && !std::filesystem::exists(scratch / "pid"); ++i) pause_for(0.01);
  const pid_t process = std::stoi(text_of(scratch / "pid"));
  CHECK(::getsid(process) == process);
  CHECK(working_directory(process) == "/");
  std::string open;
  for (const auto& entry : std::filesystem::directory_iterator(fmt::format("/proc/{}/fd", process))) {
    open += std::filesystem::read_symlink(entry.path()).native() + " ";
  }
  CHECK(open == "/dev/null /dev/null /dev/null ");
  CHECK(::kill(process, SIGKILL) == 0);
}
