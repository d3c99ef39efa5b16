#include "common/os/lock.h"
#include "common/os/signals.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <memory>
#include <thread>

#include <doctest/doctest.h>

#include "tests/unit/companion.h"
#include "tests/unit/failure.h"
#include "tests/unit/scratch.h"

using namespace pitr;

TEST_CASE("a lock file holds the pid of its holder and goes away with it") {
  const Scratch scratch;
  const auto path = scratch / "pid";
  {
    const LockFile lock(path, 0600);
    CHECK(text_of(path) == fmt::format("{}\n", ::getpid()));
    CHECK(is_locked(path));
  }
  CHECK_FALSE(std::filesystem::exists(path));
  CHECK_FALSE(is_locked(path));
}

TEST_CASE("a lock file that another process holds is refused, and the message names that process") {
  const Scratch scratch;
  const auto path = scratch / "pid";
  Companion holder([&] { return std::make_unique<LockFile>(path, 0600); });
  const Failure failure = failure_of([&] { LockFile(path, 0600); });
  CHECK(failure.code == Exit::failed);
  CHECK(failure.message ==
        fmt::format("lock {}: another run holds it (pid {})", path.native(), holder.number()));
  // The refused one must not have touched the file.
  CHECK(text_of(path) == fmt::format("{}\n", holder.number()));
  CHECK(is_locked(path));
}

TEST_CASE("a process does not get its own lock twice") {
  const Scratch scratch;
  const auto path = scratch / "pid";
  const LockFile lock(path, 0600);
  CHECK(failure_of([&] { LockFile(path, 0600); }).mentions("another run holds it"));
  CHECK(std::filesystem::exists(path));
}

TEST_CASE("the lock of a process that was killed is free, though its file stands") {
  const Scratch scratch;
  const auto path = scratch / "pid";
  Companion holder([&] { return std::make_unique<LockFile>(path, 0600); });
  holder.kill();
  CHECK(std::filesystem::exists(path));
  CHECK_FALSE(is_locked(path));
  const LockFile lock(path, 0600);
  CHECK(text_of(path) == fmt::format("{}\n", ::getpid()));
}

TEST_CASE("the pid in a lock file decides nothing") {
  const Scratch scratch;
  // Process 1 lives, and nobody holds the lock: the pid was recycled.
  for (const std::string text :
       {"1\n", "", "garbage", "99999999999999999999999999999999999999999999", "-1", "\n\n"}) {
    CAPTURE(text);
    const auto path = scratch.write("pid", text);
    CHECK_FALSE(is_locked(path));
    const LockFile lock(path, 0600);
    CHECK(text_of(path) == fmt::format("{}\n", ::getpid()));
  }
}

TEST_CASE("a holder whose pid cannot be read is still a holder") {
  const Scratch scratch;
  const auto path = scratch.write("pid", "garbage");
  const Fd holder = open_file(path, O_RDWR);
  REQUIRE(try_lock(holder) == Locked::yes);
  CHECK(failure_of([&] { LockFile(path, 0600); }).mentions("another run holds it (pid unknown)"));
}

TEST_CASE("asking for a lock neither takes nor ends it") {
  const Scratch scratch;
  const auto path = scratch / "pid";
  CHECK_FALSE(is_locked(path));
  CHECK_FALSE(std::filesystem::exists(path));
  scratch.write("pid", "1\n");
  CHECK_FALSE(is_locked(path));
  Companion holder([&] {
    auto lock = std::make_unique<LockFile>(path, 0600);
    // With the older kind of locks the first close of any descriptor of the file would end it.
    return is_locked(path) ? std::move(lock) : nullptr;
  });
  CHECK(is_locked(path));
  CHECK(is_locked(path));
  holder.kill();
  CHECK_FALSE(is_locked(path));
}

TEST_CASE("a lock file is not written through a symbolic link") {
  const Scratch scratch;
  const auto victim = scratch.write("victim", "precious");
  std::filesystem::create_symlink("victim", scratch / "pid");
  CHECK(failure_of([&] { LockFile(scratch / "pid", 0600); }).code == Exit::failed);
  CHECK(text_of(victim) == "precious");
  CHECK(failure_of([&] { return is_locked(scratch / "pid"); }).code == Exit::failed);
}

TEST_CASE("where a lock file cannot be, the reason is told") {
  const Scratch scratch;
  CHECK(failure_of([&] { LockFile(scratch / "missing/pid", 0600); }).mentions("no such file or directory"));
  CHECK(failure_of([&] { LockFile(scratch / "", 0600); }).mentions("is a directory"));
  CHECK_FALSE(is_locked(scratch / "missing/pid"));
}

TEST_CASE("a lock file that somebody took away is not missed, and what took its place stays") {
  const Scratch scratch;
  const auto path = scratch / "pid";
  {
    const LockFile lock(path, 0600);
    std::filesystem::remove(path);
    scratch.write("pid", "of another run\n");
  }
  CHECK(text_of(path) == "of another run\n");
}

TEST_CASE("a lock is held by one descriptor at a time, whatever the process") {
  const Scratch scratch;
  const auto path = scratch.write("file", "");
  Fd one = open_file(path, O_RDWR);
  const Fd other = open_file(path, O_RDWR);
  CHECK(try_lock(one) == Locked::yes);
  CHECK(try_lock(one) == Locked::yes);
  CHECK(try_lock(other) == Locked::no);
  one.close();
  CHECK(try_lock(other) == Locked::yes);
  CHECK(failure_of([&] { return try_lock(open_file(path, O_RDONLY)); }).mentions("lock " + path));
}

TEST_CASE("a lock that is held is waited for") {
  const Scratch scratch;
  const auto path = scratch.write("file", "");
  const Outcome outcome = in_child([&] {
    Fd one = open_file(path, O_RDWR);
    const Fd other = open_file(path, O_RDWR);
    if (try_lock(one) != Locked::yes) return 2;
    catch_signals();
    std::thread holder([&] {
      pause_for(0.05);
      one.close();
    });
    wait_for_lock(other);
    holder.join();
    if (try_lock(open_file(path, O_RDWR)) != Locked::no) return 3;
    ::raise(SIGTERM);
    wait_for_lock(other);  // what can be had at once is not waited for
    return 0;
  });
  CHECK(outcome.err == "");
  CHECK(outcome.status == 0);
}

TEST_CASE("waiting for a lock ends with a signal") {
  const Scratch scratch;
  const auto path = scratch.write("file", "");
  const Outcome outcome = in_child([&] {
    const Fd one = open_file(path, O_RDWR);
    const Fd other = open_file(path, O_RDWR);
    if (try_lock(one) != Locked::yes) return 2;
    catch_signals();
    ::raise(SIGTERM);
    return failure_of([&] { wait_for_lock(other); }).message == "interrupted by SIGTERM" ? 0 : 1;
  });
  CHECK(outcome.status == 0);
}

TEST_CASE("a file is told from another one under its name") {
  const Scratch scratch;
  const auto path = scratch.write("file", "");
  const Fd directory = open_file(scratch / "", O_RDONLY | O_DIRECTORY);
  const Fd file = open_file(path, O_RDONLY);
  CHECK(is_name_of(directory, "file", file));
  CHECK(is_name_of(Fd(), path, file));
  CHECK_FALSE(is_name_of(directory, "missing", file));
  std::filesystem::create_symlink("file", scratch / "link");
  CHECK_FALSE(is_name_of(directory, "link", file));
  std::filesystem::create_hard_link(path, scratch / "other");
  CHECK(is_name_of(directory, "other", file));
  std::filesystem::remove(path);
  CHECK_FALSE(is_name_of(directory, "file", file));
  scratch.write("file", "");
  CHECK_FALSE(is_name_of(directory, "file", file));
}

TEST_CASE("a lock is taken on a full disk, which has no room for the pid") {
  const Scratch scratch;
  const auto path = scratch / "pid";
  const Outcome outcome = in_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const struct rlimit nothing {};
    if (::setrlimit(RLIMIT_FSIZE, &nothing) != 0) return 2;
    const LockFile lock(path, 0600);
    return is_locked(path) && text_of(path).empty() ? 0 : 3;
  });
  CHECK(outcome.err == "");
  CHECK(outcome.status == 0);
}
