#include "common/os/background_sink.h"
#include "common/os/signals.h"

#include <signal.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <doctest/doctest.h>

#include "tests/unit/failure.h"

using namespace pitr;

namespace {

// Notes what is done with it; waits in write() until it is let go, or given up.
struct Journal {
  std::string text;
  std::atomic<bool> stuck{false};
};

class JournalSink final : public Sink {
 public:
  explicit JournalSink(Journal& journal) : journal_(journal) {}
  ~JournalSink() override { journal_.text += "~"; }
  void write(Bytes bytes) override {
    while (journal_.stuck) {
      throw_if_signalled();
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    StringSink(journal_.text).write(bytes);
  }
  void prepare() override { journal_.text += "p"; }
  void finish() override { journal_.text += "f"; }

 private:
  Journal& journal_;
};

std::string written(std::size_t pieces) {
  Journal journal;
  {
    BackgroundSink sink([&] { return std::make_unique<JournalSink>(journal); }, {});
    for (std::size_t i = 0; i < pieces; ++i) sink.write(as_bytes("x"));
    sink.prepare();
    sink.finish();
  }
  return journal.text.substr(pieces);
}

}  // namespace

TEST_CASE("a sink in the background gets everything in order, and is finished once") {
  CHECK(written(0) == "pf~");
  CHECK(written(1000) == "pf~");
}

TEST_CASE("an interruption passes where an Error is noted and the work goes on") {
  class InterruptedSink final : public Sink {
    void write(Bytes) override { throw Interrupted(SIGTERM); }
    void finish() override {}
  };
  Journal journal;
  const Failure failure = failure_of([&] {
    Tee tee;
    tee.add([] {
      return std::make_unique<BackgroundSink>([] { return std::make_unique<InterruptedSink>(); },
                                              BackgroundSink::Patience{});
    });
    tee.add([&] { return std::make_unique<JournalSink>(journal); });
    in_context("write", [&] {
      tee.write(as_bytes("x"));
      tee.finish();
    });
  });
  CHECK(failure.message == "interrupted by SIGTERM");
  CHECK(journal.text == "x~");
}

TEST_CASE("more than may wait in memory gets through a sink in the background") {
  Journal journal;
  std::string bytes(20'000'000, 'a');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>('a' + i % 23);
  {
    BackgroundSink sink([&] { return std::make_unique<JournalSink>(journal); }, {});
    sink.write(as_bytes(bytes));
    sink.finish();
  }
  CHECK((journal.text == bytes + "f~"));
}

TEST_CASE("a sink in the background that is destroyed before finish() abandons, also when it is stuck") {
  Journal journal;
  journal.stuck = true;
  {
    BackgroundSink sink([&] { return std::make_unique<JournalSink>(journal); }, {});
    sink.write(as_bytes("never"));
  }
  CHECK(journal.text == "~");
}

TEST_CASE("what goes wrong in the background is thrown in the foreground") {
  BackgroundSink sink([]() -> std::unique_ptr<Sink> { fail(Exit::damaged, "no such host"); }, {});
  const Failure failure = failure_of([&] { sink.finish(); });
  CHECK(failure.code == Exit::damaged);
  CHECK(failure.message == "no such host");
  CHECK(failure_of([&] { sink.write(as_bytes("x")); }).message == "no such host");
}

TEST_CASE("a sink that wants nothing is done at once") {
  BackgroundSink sink([] { return nullptr; }, {});
  sink.write(as_bytes("x"));
  sink.prepare();
  sink.finish();
}

TEST_CASE("a sink that may be left is waited for no longer than its patience") {
  Journal journal;
  journal.stuck = true;
  bool may_be_left = false;
  int asked = 0;
  BackgroundSink sink([&] { return std::make_unique<JournalSink>(journal); },
                      {.patience = std::chrono::seconds(0), .may_be_left = [&] {
                         may_be_left = ++asked > 1;  // not the first time
                         return may_be_left;
                       }});
  sink.write(as_bytes("x"));
  CHECK(failure_of([&] { sink.finish(); }).mentions("not done within"));
  CHECK(asked == 2);
}

TEST_CASE("several silent sinks are waited for together, and the one that is left is named") {
  Journal one, other;
  one.stuck = other.stuck = true;
  const auto patience = [](std::string called) {
    return BackgroundSink::Patience{std::move(called), std::chrono::seconds(2), [] { return true; }};
  };
  const auto begin = std::chrono::steady_clock::now();
  {
    BackgroundSink first([&] { return std::make_unique<JournalSink>(one); }, patience("to one"));
    BackgroundSink second([&] { return std::make_unique<JournalSink>(other); }, patience("to other"));
    first.write(as_bytes("x"));
    second.write(as_bytes("x"));
    CHECK(failure_of([&] { first.prepare(); }).message == "to one: not done within 2 s");
    CHECK(failure_of([&] { second.prepare(); }).message == "to other: not done within 2 s");
  }
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(4));
}
