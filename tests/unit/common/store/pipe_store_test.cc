#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>

#include <chrono>
#include <thread>

#include <doctest/doctest.h>

#include "common/os/signals.h"
#include "common/store/store.h"
#include "tests/unit/failure.h"
#include "tests/unit/scratch.h"

using namespace pitr;

namespace {

namespace fs = std::filesystem;

// A program that takes files, as somebody may have written it.
class Script {
 public:
  explicit Script(std::string_view body, std::chrono::seconds patience = std::chrono::seconds(30)) {
    program_ =
        scratch_.write("program", fmt::format("#!/bin/sh\ncd '{}'\n{}\n", (scratch_ / "").native(), body));
    fs::permissions(program_, fs::perms(0700));
    remote_.timeout = patience;
  }
  std::unique_ptr<Sink> create(std::string_view name = "a.zst") const {
    return open_pipe(program_, remote_)->create(Name::parse(name).value());
  }
  Failure failure(std::string_view bytes) const {
    return failure_of([&] {
      const auto sink = create();
      sink->write(as_bytes(bytes));
      sink->finish();
    });
  }
  fs::path operator/(std::string_view name) const { return scratch_ / name; }

 private:
  Scratch scratch_;
  std::string program_;
  Remote remote_;
};

bool appears(const fs::path& path) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!fs::exists(path) && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return fs::exists(path);
}

}  // namespace

TEST_CASE("a program takes each file on its standard input, under the name it is given") {
  const Script script("cat > \"got $1\"");
  const std::string large(3'000'001, 'x');
  const auto sink = script.create("it's a.zst");
  sink->write(as_bytes(large));
  sink->finish();
  CHECK((text_of(script / "got it's a.zst") == large));
  script.create("empty")->finish();
  CHECK(fs::exists(script / "got empty"));
}

TEST_CASE("a program that has not read everything has not taken the file, whatever it says") {
  const std::string large(3'000'000, 'x');
  for (const std::string_view bytes : {std::string_view("small"), std::string_view(large)}) {
    CAPTURE(bytes.size());
    CHECK(Script("exit 0").failure(bytes).code == Exit::failed);
    CHECK(Script("head -c 3 > part; exit 0").failure(bytes).code == Exit::failed);
    CHECK(Script("dd bs=3 count=1 of=part 2>/dev/null; exit 0").failure(bytes).code == Exit::failed);
  }
  CHECK(Script("exec <&-; exit 0").failure("small").code == Exit::failed);
}

TEST_CASE("a program that fails says why") {
  const Failure failure = Script("cat > /dev/null; echo 'no quota left' >&2; exit 3").failure("x");
  CHECK(failure.code == Exit::failed);
  CHECK(failure.mentions("/program a.zst: it ended with status 3: no quota left"));
  CHECK(Script("echo 'on stdout'; exit 1").failure("x").mentions("on stdout"));
  CHECK(Script("cat > /dev/null; kill -KILL $$").failure("x").mentions("killed by signal 9"));
  CHECK(Script("kill -KILL $$").failure(std::string(1'000'000, 'x')).mentions("killed by signal 9"));
}

TEST_CASE("a program that is not there is said to be missing") {
  for (const std::string program : {"/missing/program", "pitr-no-such-program", "-x"}) {
    CAPTURE(program);
    const Failure failure = failure_of([&] {
      const auto sink = open_pipe(program, {})->create(Name::parse("a").value());
      sink->write(as_bytes("x"));
      sink->finish();
    });
    CHECK(failure.code == Exit::failed);
    CHECK(failure.mentions(program + " a: it cannot be run"));
  }
  CHECK(failure_of([&] { return open_pipe("", {}); }).code == Exit::usage);
}

TEST_CASE("a program may work longer than the patience lasts once it has read everything") {
  const Script script("cat > a; sleep 2; mv a done", std::chrono::seconds(1));
  CHECK(script.failure("x").code == Exit::done);
  CHECK(fs::exists(script / "done"));
  // Slow is not stalled.
  const Script slow(
      "while dd bs=1000 count=1 2>/dev/null >> a && [ $(wc -c < a) -lt 3000 ]; do sleep 0.5; done; cat >> a",
      std::chrono::seconds(1));
  CHECK(slow.failure(std::string(5'000, 'x')).code == Exit::done);
}

TEST_CASE("a program that takes no byte is given up") {
  const auto start = std::chrono::steady_clock::now();
  CHECK(Script("sleep 100", std::chrono::seconds(1)).failure("small").mentions("it takes no byte for 1 s"));
  const std::string large(1'000'000, 'x');
  CHECK(Script("sleep 100", std::chrono::seconds(1)).failure(large).mentions("it takes no byte for 1 s"));
  CHECK(Script("sleep 100 & exec <&-; wait", std::chrono::seconds(1)).failure(large).code == Exit::failed);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(30));
}

TEST_CASE("an abandoned program is killed before it sees the end of its input, and all that it started") {
  for (const std::string body :
       {"touch begun; cat > part; mv part done", "touch begun; cat | { cat; touch done; }",
        "trap '' TERM; touch begun; cat > part; touch done",
        "exec 3<&0; { trap '' TERM; touch begun; cat <&3 > part; touch done; } & wait"}) {
    CAPTURE(body);
    // Whatever the program starts has this fifo open as long as it lives.
    const Script script("exec 9> alive; " + body);
    REQUIRE(::mkfifo((script / "alive").c_str(), 0600) == 0);
    const Fd alive = open_file(script / "alive", O_RDONLY | O_NONBLOCK);
    auto sink = script.create();
    sink->write(as_bytes("half"));
    REQUIRE(appears(script / "begun"));
    sink.reset();
    pollfd event{alive.number(), POLLIN, 0};
    REQUIRE(::poll(&event, 1, 20'000) == 1);
    CHECK((event.revents & POLLHUP) != 0);
    CHECK_FALSE(fs::exists(script / "done"));
  }
}

TEST_CASE("a caught signal ends the wait for a program") {
  const Script script("cat > a; touch read; sleep 100");
  const Outcome outcome = in_child([&] {
    catch_signals();
    const auto sink = script.create();
    sink->write(as_bytes("x"));
    ::raise(SIGTERM);
    return failure_of([&] { sink->finish(); }).message == "interrupted by SIGTERM" ? 0 : 1;
  });
  CHECK(outcome.status == 0);
}

TEST_CASE("a program tells nothing about the files that it has") {
  const auto store = open_pipe("cat", {});
  const Name name = Name::parse("a").value();
  CHECK(store->describe(name) == "|cat/a");
  CHECK_FALSE(store->open(name));
  CHECK_FALSE(store->modified(name));
  CHECK_FALSE(store->has_living_writer(name));
  CHECK(failure_of([&] { store->sync(name); }).code == Exit::failed);
  store->list("", [](const Name&) -> bool {
    FAIL("it lists something");
    return false;
  });
  store->remove(name);
  store->remove_litter();
}
