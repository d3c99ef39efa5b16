#include "restore/recover/free_place.h"

#include <sys/prctl.h>

#include <doctest/doctest.h>

#include "tests/unit/failure.h"
#include "tests/unit/scratch.h"

using namespace pitr;

TEST_CASE("a restore goes into what is missing or empty, and into nothing else") {
  const Scratch scratch;
  require_free_directory(scratch / "missing");
  std::filesystem::create_directory(scratch / "empty");
  require_free_directory(scratch / "empty");
  scratch.write("empty/.hidden", "x");
  CHECK(failure_of([&] { require_free_directory(scratch / "empty"); }).mentions("it is not empty"));
  CHECK(
      failure_of([&] { require_free_directory(scratch / "empty/.hidden"); }).mentions("it is no directory"));
}

TEST_CASE(
    "a data directory whose postmaster.pid names this live process, or a dead one, is judged by where that "
    "works") {
  const Scratch scratch;
  const std::filesystem::path directory = scratch / "pg";
  std::filesystem::create_directory(directory);
  require_stopped(directory);
  // Our number, given away since: we work elsewhere.
  scratch.write("pg/postmaster.pid", std::to_string(::getpid()) + "\n/data/pg\n");
  require_stopped(directory);
  scratch.write("pg/postmaster.pid", "not a number\n");
  require_stopped(directory);
  const Outcome inside = in_child([&] {
    std::filesystem::current_path(directory);
    std::ofstream("postmaster.pid") << ::getpid() << "\n";
    const Failure failure = failure_of([&] { require_stopped(directory); });
    return failure.mentions("a server runs there") && failure.mentions(std::to_string(::getpid())) ? 0 : 1;
  });
  CHECK(inside.status == 0);
}

TEST_CASE(
    "a server that is just starting elsewhere keeps no place from a restore; one in its data directory "
    "does") {
  const Scratch scratch;
  std::filesystem::create_directories(scratch / "pg");
  const auto refused_with = [&](const char* file) {
    return in_child([&] {
             ::prctl(PR_SET_NAME, "postgres");
             std::filesystem::current_path(scratch / "");
             if (file != nullptr) std::ofstream(file) << "15\n";
             const Failure failure = failure_of([&] { require_not_in_use(scratch / "pg/new"); });
             return failure.mentions(std::to_string(::getpid())) ? 0 : 1;
           }).status == 0;
  };
  CHECK_FALSE(refused_with(nullptr));
  CHECK(refused_with("PG_VERSION"));
}

TEST_CASE("more than a file system has room for is refused, all places on it together") {
  const Scratch scratch;
  require_space({{scratch / "missing/deep", 1}, {scratch / "other", 1}});
  const std::uint64_t half = std::uint64_t{1} << 62;
  CHECK(failure_of([&] {
          require_space({{scratch / "a", half}, {scratch / "b", half}});
        }).mentions("bytes left"));
}
