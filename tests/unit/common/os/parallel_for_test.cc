#include "common/os/parallel_for.h"

#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include <doctest/doctest.h>

#include "common/base/error.h"

using namespace pitr;

namespace {

// Keeps a processor busy for a time that differs from block to block.
std::uint64_t busy(std::uint64_t seed) {
  std::uint64_t x = seed * 0x9e3779b97f4a7c15 + 1;
  for (std::uint64_t i = 0, end = (x >> 40) % 200000; i < end; ++i)
    x = x * 6364136223846793005 + 1442695040888963407;
  return x;
}

std::string message_of(const std::function<void()>& step) {
  try {
    step();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

}  // namespace

TEST_CASE("parallel_for calls the work once for every index") {
  for (const std::size_t count : {0, 1, 2, 1000}) {
    for (const std::size_t workers : {0, 1, 2, 8}) {
      std::vector<int> calls(count);
      parallel_for(count, workers, [&](std::size_t i) { ++calls[i]; });
      CHECK(calls == std::vector<int>(count, 1));
    }
  }
}

TEST_CASE("parallel_for does all work and then throws the first error by index") {
  for (const std::size_t workers : {1, 4}) {
    std::atomic<int> calls = 0;
    const auto work = [&](std::size_t i) {
      ++calls;
      busy(i);
      if (i % 10 == 3) fail(Exit::failed, "work {}: broken", i);
    };
    CHECK(message_of([&] { parallel_for(100, workers, work); }) == "work 3: broken");
    CHECK(calls == 100);
  }
}
