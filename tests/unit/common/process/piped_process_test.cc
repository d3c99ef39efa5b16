#include "common/process/piped_process.h"

#include <signal.h>

#include <array>

#include <doctest/doctest.h>

#include "tests/unit/failure.h"

using namespace pitr;

namespace {

PipedProcess shell(const std::string& script, int patience = 10) {
  return PipedProcess({"sh", "-c", script}, {"GIVEN=to it"}, "the program", std::chrono::seconds(patience));
}
std::string rest_of(PipedProcess& process) {
  std::string text;
  std::array<std::byte, 1000> buffer;
  while (const std::size_t n = process.read(buffer))
    text.append(reinterpret_cast<const char*>(buffer.data()), n);
  return text;
}

}  // namespace

TEST_CASE("a program reads what we write, and we what it prints") {
  auto process = shell("echo $GIVEN; tr a-z A-Z; exit 7");
  process.write(as_bytes("some "));
  process.write(as_bytes("words"));
  process.close_input();
  CHECK(rest_of(process) == "to it\nSOME WORDS");
  CHECK(process.wait() == 7);
}

TEST_CASE("a program that takes no more is an error with its last words") {
  ::signal(SIGPIPE, SIG_IGN);  // as in every program of ours
  auto process = shell("exec <&-; echo banner >&2; echo no room >&2; exit 3");
  const std::string much(1'000'000, 'x');
  const Failure failure = failure_of([&] { process.write(as_bytes(much)); });
  CHECK(failure.code == Exit::failed);
  CHECK(failure.mentions("the program: it takes no more"));
  CHECK(process.wait() == 3);
  CHECK(process.last_words() == "banner no room");
}

TEST_CASE("a program that is silent too long is an error, and does not hold us up at our end") {
  auto silent = shell("exec sleep 1000", 1);
  std::array<std::byte, 10> buffer;
  CHECK(failure_of([&] { silent.read(buffer); }).mentions("the program: no answer for 1 s"));
  auto deaf = shell("exec sleep 1000", 1);
  const std::string much(1'000'000, 'x');
  CHECK(failure_of([&] { deaf.write(as_bytes(much)); }).mentions("the program: no answer for 1 s"));
}

TEST_CASE("a program that cannot be run, or is killed, tells it by its status") {
  PipedProcess missing({"/missing/program"}, {}, "it", std::chrono::seconds(10));
  CHECK(missing.wait() == 127);
  auto killed = shell("kill -9 $$");
  CHECK(killed.wait() == 128 + 9);
}

TEST_CASE("a program that says much on stderr is not held up by us") {
  auto process = shell("head -c 1000000 /dev/zero | tr '\\0' e >&2; echo done");
  CHECK(rest_of(process) == "done\n");
  CHECK(process.wait() == 0);
  CHECK(process.last_words().size() == 4096);
}
