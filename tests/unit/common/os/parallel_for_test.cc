#include "common/os/parallel_for.h"

#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include <doctest/doctest.h>

#include "tests/unit/busy.h"
#include "tests/unit/failure.h"

using namespace pitr;

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
    CHECK(failure_of([&] { parallel_for(100, workers, work); }).message == "work 3: broken");
    CHECK(calls == 100);
  }
}
