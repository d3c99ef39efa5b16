#include "common/os/background.h"

#include <atomic>

#include <doctest/doctest.h>

#include "tests/unit/failure.h"

using namespace pitr;

namespace {

std::string text_from(Source& source) {
  std::string text;
  StringSink sink(text);
  copy(source, sink);
  return text;
}

}  // namespace

TEST_CASE("what is pushed in the background is pulled in order") {
  std::string expected;
  for (int i = 0; i < 300000; ++i) expected += std::to_string(i);
  for (const std::size_t piece : {1000, 1000000}) {
    const auto source = in_background([&](Sink& to) {
      for (Bytes rest = as_bytes(expected); !rest.empty();) {
        to.write(rest.first(std::min(piece, rest.size())));
        rest = rest.subspan(std::min(piece, rest.size()));
      }
    });
    CHECK(text_from(*source) == expected);
    CHECK(text_from(*source).empty());
  }
}

TEST_CASE("an error in the background reaches the reader, behind the bytes that came before it") {
  const auto source = in_background([](Sink& to) {
    to.write(as_bytes("some"));
    fail(Exit::damaged, "broken");
  });
  std::array<std::byte, 4> buffer;
  CHECK(read_full(*source, buffer) == 4);
  const Failure failure = failure_of([&] { return source->read(buffer); });
  CHECK(failure.code == Exit::damaged);
  CHECK(failure.message == "broken");
}

TEST_CASE("a reader that goes away early ends the work in the background") {
  std::atomic<bool> ended_by_error = false;
  {
    const std::vector<std::byte> piece(1 << 20);
    const auto source = in_background([&](Sink& to) {
      try {
        for (int i = 0; i < 1000; ++i) to.write(piece);
      } catch (const Error&) {
        ended_by_error = true;
        throw;
      }
    });
    std::array<std::byte, 10> buffer;
    CHECK(source->read(buffer) == 10);
  }
  CHECK(ended_by_error);
}
