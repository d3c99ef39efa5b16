#include "common/base/stream.h"

#include <algorithm>

#include <doctest/doctest.h>

using namespace pitr;

namespace {

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 31 + i / 251);
  return text;
}

// Gives at most `step` bytes at a time, and counts how often it is asked.
class SlowSource final : public Source {
 public:
  SlowSource(std::string_view text, std::size_t step) : inner_(as_bytes(text)), step_(step) {}
  std::size_t read(std::span<std::byte> buffer) override {
    ++calls;
    largest = std::max(largest, buffer.size());
    return inner_.read(buffer.first(std::min(step_, buffer.size())));
  }
  int calls = 0;
  std::size_t largest = 0;

 private:
  MemorySource inner_;
  std::size_t step_;
};

struct Trace {
  std::string text;
  bool prepared = false;
  bool finished = false;
  bool destroyed = false;
};

// Fails when `bytes_left` are used up, or in finish().
class Branch final : public Sink {
 public:
  Branch(Trace& trace, std::size_t bytes_left, bool may_finish, Exit code, std::string message)
      : trace_(trace),
        left_(bytes_left),
        may_finish_(may_finish),
        code_(code),
        message_(std::move(message)) {}
  ~Branch() override { trace_.destroyed = true; }
  void write(Bytes bytes) override {
    if (bytes.size() > left_) throw Error(code_, message_);
    left_ -= bytes.size();
    StringSink(trace_.text).write(bytes);
  }
  void prepare() override { trace_.prepared = true; }
  void finish() override {
    if (!may_finish_) throw Error(code_, message_);
    trace_.finished = true;
  }

 private:
  Trace& trace_;
  std::size_t left_;
  bool may_finish_;
  Exit code_;
  std::string message_;
};

constexpr std::size_t endless = SIZE_MAX;

Tee::Opener branch(Trace& trace, std::size_t left = endless, bool may_finish = true, Exit code = Exit::failed,
                   std::string message = "write to it: broken") {
  return [=, &trace] { return std::make_unique<Branch>(trace, left, may_finish, code, message); };
}

template <typename F>
Error error_of(F step) {
  try {
    step();
  } catch (const Error& error) {
    return error;
  }
  return Error(Exit::done, "nothing was thrown");
}

}  // namespace

TEST_CASE("copy moves every byte and says how many") {
  for (const std::size_t size : {0, 1, 262143, 262144, 262145, 1000000}) {
    const std::string text = pattern(size);
    for (const std::size_t step : {std::size_t{1000}, endless}) {
      SlowSource source(text, step);
      std::string result;
      StringSink sink(result);
      CHECK(copy(source, sink) == size);
      CHECK(result == text);
      CHECK(source.largest == 262144);
    }
  }
}

TEST_CASE("copy does not finish the sink") {
  Trace trace;
  const std::unique_ptr<Sink> sink = branch(trace)();
  MemorySource source(as_bytes("abc"));
  copy(source, *sink);
  CHECK(trace.text == "abc");
  CHECK_FALSE(trace.finished);
}

TEST_CASE("read_full fills the buffer from a source that gives little at a time") {
  const std::string text = pattern(1000);
  SlowSource source(text, 7);
  std::string buffer(600, 'x');
  CHECK(read_full(source, std::as_writable_bytes(std::span(buffer))) == 600);
  CHECK(buffer == text.substr(0, 600));
  CHECK(read_full(source, std::as_writable_bytes(std::span(buffer))) == 400);
  CHECK(buffer.substr(0, 400) == text.substr(600));
  CHECK(read_full(source, std::as_writable_bytes(std::span(buffer))) == 0);
}

TEST_CASE("same_bytes compares contents and lengths however little a source gives at a time") {
  for (const std::size_t size : {0, 1, 262144, 262145, 600000}) {
    const std::string text = pattern(size);
    const auto same_as = [&text](const std::string& other) {
      SlowSource one(text, 100000);
      SlowSource two(other, 777);
      return same_bytes(one, two);
    };
    CHECK(same_as(text));
    CHECK_FALSE(same_as(text + "x"));
    if (size == 0) continue;
    CHECK_FALSE(same_as(text.substr(0, size - 1)));
    std::string changed = text;
    changed.back() = static_cast<char>(changed.back() + 1);
    CHECK_FALSE(same_as(changed));
  }
}

TEST_CASE("a tee gives every branch all bytes") {
  Trace a, b;
  Tee tee;
  tee.add(branch(a));
  tee.add(branch(b));
  tee.write(as_bytes("one "));
  tee.write(as_bytes("two"));
  tee.finish();
  CHECK(a.text == "one two");
  CHECK(b.text == "one two");
  CHECK(a.finished);
  CHECK(b.finished);
}

TEST_CASE("a branch that fails is abandoned at once and the others get everything") {
  Trace a, b, c;
  Tee tee;
  tee.add(branch(a));
  tee.add(branch(b, 4, true, Exit::failed, "write to b: no space left on device"));
  tee.add(branch(c));
  tee.write(as_bytes("one "));
  CHECK(tee.failures().empty());
  tee.write(as_bytes("two "));
  CHECK(b.destroyed);
  CHECK(tee.failures() == std::vector<std::string>{"write to b: no space left on device"});
  tee.write(as_bytes("three"));
  const Error error = error_of([&] { tee.finish(); });
  CHECK(std::string(error.what()) == "write to b: no space left on device");
  CHECK(a.text == "one two three");
  CHECK(c.text == "one two three");
  CHECK(a.finished);
  CHECK(c.finished);
  CHECK_FALSE(b.finished);
}

TEST_CASE("a branch that cannot be opened fails alone") {
  Trace a;
  Tee tee;
  tee.add([]() -> std::unique_ptr<Sink> { fail(Exit::usage, "open b: no such host"); });
  tee.add(branch(a));
  tee.write(as_bytes("all"));
  const Error error = error_of([&] { tee.finish(); });
  CHECK(std::string(error.what()) == "open b: no such host");
  CHECK(error.code() == Exit::usage);
  CHECK(a.text == "all");
  CHECK(a.finished);
}

TEST_CASE("finish of a tee finishes every branch and names every failure in one message") {
  Trace a, b, c;
  Tee tee;
  tee.add(branch(a, endless, false, Exit::damaged, "fsync a: input/output error"));
  tee.add(branch(b));
  tee.add(branch(c, endless, false, Exit::damaged, "fsync c: read-only file system"));
  tee.write(as_bytes("x"));
  const Error error = error_of([&] { tee.finish(); });
  CHECK(std::string(error.what()) == "fsync a: input/output error; fsync c: read-only file system");
  CHECK(error.code() == Exit::damaged);  // what they have in common
  CHECK(b.finished);
}

TEST_CASE("failures with different codes are a plain failure") {
  Trace a, b, c;
  Tee tee;
  tee.add(branch(a, 0, true, Exit::damaged, "a"));
  tee.add(branch(b, 0, true, Exit::late, "b"));
  tee.add(branch(c, 0, true, Exit::late, "c"));
  const Error error = error_of([&] { tee.write(as_bytes("x")); });
  CHECK(std::string(error.what()) == "a; b; c");
  CHECK(error.code() == Exit::failed);
}

TEST_CASE("when the last branch fails write throws, and so does finish") {
  Trace a;
  Tee tee;
  tee.add(branch(a, 1, true, Exit::failed, "write to a: gone"));
  tee.add([]() -> std::unique_ptr<Sink> { fail(Exit::failed, "open b: gone"); });
  tee.write(as_bytes("x"));
  CHECK(std::string(error_of([&] { tee.write(as_bytes("y")); }).what()) == "open b: gone; write to a: gone");
  CHECK(tee.empty());
  CHECK(std::string(error_of([&] { tee.finish(); }).what()) == "open b: gone; write to a: gone");
}

TEST_CASE("a branch that needs nothing is no branch and no failure") {
  Tee tee;
  tee.add([] { return std::unique_ptr<Sink>(); });
  CHECK(tee.empty());
  CHECK_NOTHROW(tee.write(as_bytes("x")));
  CHECK_NOTHROW(tee.finish());
  CHECK(tee.failures().empty());
}

TEST_CASE("a tee prepares every branch, and goes on without those that fail") {
  Trace one, broken, other;
  Tee tee;
  tee.add(branch(one));
  tee.add(branch(broken, 1));
  tee.add(branch(other));
  tee.write(as_bytes("abc"));
  tee.prepare();
  CHECK(one.prepared);
  CHECK(other.prepared);
  CHECK_FALSE(broken.prepared);
  CHECK_FALSE(one.finished);
  CHECK(error_of([&] { tee.finish(); }).what() == std::string("write to it: broken"));
  CHECK(other.finished);
  Tee none;
  none.add([]() -> std::unique_ptr<Sink> { fail(Exit::failed, "cannot open"); });
  CHECK(error_of([&] { none.prepare(); }).what() == std::string("cannot open"));
}

TEST_CASE("a tee destroyed without finish abandons its branches") {
  Trace a;
  {
    Tee tee;
    tee.add(branch(a));
    tee.write(as_bytes("x"));
  }
  CHECK(a.destroyed);
  CHECK_FALSE(a.finished);
}
