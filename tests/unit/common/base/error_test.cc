#include "common/base/error.h"

#include <cerrno>

#include <doctest/doctest.h>

#include "tests/unit/failure.h"

using namespace pitr;

TEST_CASE("fail() throws an Error with its code and its formatted message") {
  const Failure failure = failure_of([] { fail(Exit::late, "archive {} to {}: {}", "x", "/y", 7); });
  CHECK(failure.code == Exit::late);
  CHECK(failure.message == "archive x to /y: 7");
}

TEST_CASE("the exit codes are the documented exit statuses") {
  const Exit codes[] = {Exit::done, Exit::failed, Exit::usage, Exit::damaged, Exit::late, Exit::partly};
  for (int status = 0; status < 6; ++status) CHECK(static_cast<int>(codes[status]) == status);
}

TEST_CASE("a context is put in front of the message and keeps the code") {
  const Failure failure = failure_of([] {
    in_context("archive x", [] { in_context("open y", []() -> int { fail(Exit::damaged, "gone"); }); });
  });
  CHECK(failure.code == Exit::damaged);
  CHECK(failure.message == "archive x: open y: gone");
}

TEST_CASE("a context hands on the result, also a reference") {
  int number = 4;
  CHECK(&in_context("x", [&]() -> int& { return number; }) == &number);
  CHECK(in_context("x", [] { return 5; }) == 5);
}

TEST_CASE("a context leaves exceptions that are not ours alone") {
  CHECK_THROWS_WITH_AS(in_context("x", [] { throw std::runtime_error("not ours"); }), "not ours",
                       std::runtime_error);
}

TEST_CASE("errno values read as part of a sentence") {
  struct Row {
    int code;
    std::string text;
  };
  const Row rows[] = {
      {ENOSPC, "no space left on device"},
      {ENOENT, "no such file or directory"},
      {EIO, "input/output error"},
      {EDQUOT, "disk quota exceeded"},
      {EDOTDOT, "RFS specific error"},  // an abbreviation keeps its capitals
      {ELIBSCN, ".lib section in a.out corrupted"},
      {0, "success"},
      {9999, "errno 9999"},
      {-1, "errno -1"},
  };
  for (const Row& row : rows) CHECK(errno_text(row.code) == row.text);
}
