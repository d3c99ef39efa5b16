#include "common/os/processes.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include <doctest/doctest.h>

using namespace pitr;

TEST_CASE("this process is seen, with its parent, its age and where it works") {
  CHECK(std::ranges::count(all_processes(), ::getpid()) == 1);
  const auto status = process_status(::getpid());
  REQUIRE(status);
  CHECK(status->parent == ::getppid());
  CHECK(status->age >= 0);
  CHECK(status->age < 3600);
  CHECK(working_directory(::getpid()) == std::filesystem::current_path());
  CHECK(process_text(::getpid(), "comm").starts_with("unit"));
}

TEST_CASE("of a process that has ended nothing is known") {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  CHECK_FALSE(process_status(child));
  CHECK(working_directory(child).empty());
  CHECK(process_text(child, "cmdline").empty());
}
