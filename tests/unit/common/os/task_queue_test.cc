#include "common/os/task_queue.h"

#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include <doctest/doctest.h>

#include "common/base/error.h"

using namespace pitr;

TEST_CASE("a task queue runs everything, and finish() waits for it") {
  std::atomic<int> sum = 0;
  TaskQueue queue(3, 2);
  for (int i = 1; i <= 100; ++i) queue.post([&sum, i] { sum += i; });
  queue.finish();
  CHECK(sum == 5050);
  queue.post([&sum] { sum = 1; });
  queue.finish();
  CHECK(sum == 1);
}

TEST_CASE("after a task that failed nothing runs, and everybody hears of it") {
  std::atomic<int> ran = 0;
  TaskQueue queue(1, 1);
  queue.post([] { fail(Exit::failed, "disk full"); });
  CHECK_THROWS_WITH_AS(queue.finish(), "disk full", Error);
  CHECK_THROWS_WITH_AS(queue.post([&ran] { ++ran; }), "disk full", Error);
  CHECK_THROWS_WITH_AS(queue.finish(), "disk full", Error);
  CHECK(ran == 0);
}

TEST_CASE("a task queue that is dropped waits for what has begun and runs nothing more") {
  std::atomic<int> begun = 0, ended = 0;
  {
    TaskQueue queue(1, 100);
    for (int i = 0; i < 100; ++i) {
      queue.post([&] {
        ++begun;
        ++ended;
      });
    }
  }
  CHECK(begun == ended);
}
