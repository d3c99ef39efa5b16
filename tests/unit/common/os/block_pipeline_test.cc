#include "common/os/block_pipeline.h"

#include <csignal>

#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include <doctest/doctest.h>

#include "common/os/parallel_for.h"
#include "tests/unit/busy.h"
#include "tests/unit/failure.h"

using namespace pitr;

namespace {

constexpr std::size_t block_size = 1000;

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 7 + i / 251);
  return text;
}

// The transform of most tests: the bytes as they are, after varying work.
void echo(std::size_t, Bytes block, std::vector<std::byte>& result) {
  static std::atomic<std::uint64_t> sink;
  sink += busy(block.empty() ? 0 : static_cast<std::uint64_t>(block.front()) + block.size());
  result.assign(block.begin(), block.end());
}

std::string text_of(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

bool blocks_all_signals() {
  sigset_t set;
  pthread_sigmask(SIG_SETMASK, nullptr, &set);
  return sigismember(&set, SIGTERM) == 1 && sigismember(&set, SIGINT) == 1 && sigismember(&set, SIGHUP) == 1;
}

}  // namespace

TEST_CASE("threads block signals and the calling thread does not") {
  const std::thread::id here = std::this_thread::get_id();
  std::atomic<int> others = 0, unblocked = 0;
  const auto look = [&] {
    if (std::this_thread::get_id() == here) return;
    ++others;
    if (!blocks_all_signals()) ++unblocked;
  };
  // The calling thread waits in its index until another thread had its turn.
  parallel_for(100, 4, [&](std::size_t) {
    look();
    while (std::this_thread::get_id() == here && others == 0) std::this_thread::yield();
  });
  CHECK(others > 0);
  others = 0;
  BlockPipeline pipeline(
      block_size, 4, [&](std::size_t, Bytes, std::vector<std::byte>&) { look(); }, [](Bytes, Bytes) {});
  pipeline.write(as_bytes(pattern(10 * block_size)));
  pipeline.finish();
  CHECK(others == 10);
  CHECK(unblocked == 0);
  CHECK_FALSE(blocks_all_signals());
}

TEST_CASE("a pipeline keeps the order of the blocks whatever time each takes") {
  for (const std::size_t workers : {0, 1, 2, 4}) {
    for (const std::size_t piece : {1, 999, 1000, 1001, 7777}) {
      for (const std::size_t size : {0, 1, 999, 1000, 1001, 2000, 100007}) {
        const std::string text = pattern(size);
        std::string blocks, results;
        std::vector<std::size_t> sizes;
        BlockPipeline pipeline(block_size, workers, echo, [&](Bytes block, Bytes result) {
          blocks += text_of(block);
          results += text_of(result);
          sizes.push_back(block.size());
        });
        for (std::size_t i = 0; i < size; i += piece)
          pipeline.write(as_bytes(std::string_view(text).substr(i, piece)));
        pipeline.finish();
        CHECK(blocks == text);
        CHECK(results == text);
        std::vector<std::size_t> wanted(size / block_size, block_size);
        if (size % block_size != 0 || size == 0) wanted.push_back(size % block_size);
        CHECK(sizes == wanted);
      }
    }
  }
}

TEST_CASE("a stream of one block, full or not, and a single worker need no thread") {
  const std::thread::id here = std::this_thread::get_id();
  struct Case {
    std::size_t workers, size;
    bool threads;
  };
  for (const Case& c :
       {Case{4, 0, false}, {4, 999, false}, {4, 1000, false}, {4, 1001, true}, {1, 5000, false}}) {
    std::atomic<bool> elsewhere = false;
    BlockPipeline pipeline(
        block_size, c.workers,
        [&](std::size_t, Bytes, std::vector<std::byte>&) {
          if (std::this_thread::get_id() != here) elsewhere = true;
        },
        [&](Bytes, Bytes) { CHECK(std::this_thread::get_id() == here); });
    pipeline.write(as_bytes(pattern(c.size)));
    pipeline.finish();
    CHECK(elsewhere == c.threads);
  }
}

TEST_CASE("each worker has its own number") {
  std::vector<std::atomic<int>> inside(3);
  std::atomic<int> wrong = 0;
  BlockPipeline pipeline(
      block_size, inside.size(),
      [&](std::size_t worker, Bytes block, std::vector<std::byte>& result) {
        if (worker >= inside.size() || inside[worker]++ != 0) ++wrong;
        echo(worker, block, result);
        --inside[worker];
      },
      [](Bytes, Bytes) {});
  pipeline.write(as_bytes(pattern(200 * block_size)));
  pipeline.finish();
  CHECK(wrong == 0);
}

TEST_CASE("at most two blocks per worker and one more exist, and they are reused") {
  constexpr std::size_t workers = 3;
  std::mutex mutex;
  std::set<const std::byte*> buffers;
  std::size_t alive = 0, most = 0, delivered = 0;
  BlockPipeline pipeline(
      block_size, workers,
      [&](std::size_t worker, Bytes block, std::vector<std::byte>& result) {
        {
          const std::lock_guard lock(mutex);
          buffers.insert(block.data());
          most = std::max(most, ++alive);
        }
        echo(worker, block, result);
      },
      [&](Bytes, Bytes) {
        busy(12345 + delivered++);
        const std::lock_guard lock(mutex);
        --alive;
      });
  pipeline.write(as_bytes(pattern(300 * block_size)));
  pipeline.finish();
  CHECK(delivered == 300);
  CHECK(buffers.size() <= 2 * workers + 1);
  CHECK(most <= 2 * workers);
}

TEST_CASE("an error of a worker surfaces in the caller after all blocks before it") {
  for (const std::size_t workers : {1, 4}) {
    std::atomic<std::size_t> started = 0;
    std::size_t delivered = 0;
    BlockPipeline pipeline(
        block_size, workers,
        [&](std::size_t, Bytes block, std::vector<std::byte>&) {
          ++started;
          if (block.front() >= std::byte{20}) fail(Exit::damaged, "transform {}: broken", int(block.front()));
          busy(static_cast<std::uint64_t>(block.front()));
        },
        [&](Bytes block, Bytes) { CHECK(block.front() == std::byte(delivered++)); });
    const Failure failure = failure_of([&] {
      for (char i = 0; i < 100; ++i) pipeline.write(as_bytes(std::string(block_size, i)));
      pipeline.finish();
    });
    CHECK(failure.message == "transform 20: broken");
    CHECK(delivered == 20);
    CHECK(started <= 20 + 2 * workers + 1);
    // A block is missing: whoever goes on all the same must not get a stream that looks whole.
    CHECK_THROWS_AS(pipeline.write(as_bytes("x")), Error);
    CHECK_THROWS_AS(pipeline.finish(), Error);
    CHECK(delivered == 20);
  }
}

TEST_CASE("an error in the last block surfaces in finish") {
  for (const std::size_t workers : {1, 4}) {
    BlockPipeline pipeline(
        block_size, workers,
        [](std::size_t, Bytes block, std::vector<std::byte>&) {
          if (block.size() < block_size) fail(Exit::failed, "the last: broken");
        },
        [](Bytes, Bytes) {});
    pipeline.write(as_bytes(pattern(3 * block_size + 1)));
    CHECK(failure_of([&] { pipeline.finish(); }).message == "the last: broken");
  }
}

TEST_CASE("a receiver that throws ends the pipeline") {
  for (const std::size_t workers : {1, 4}) {
    std::size_t delivered = 0;
    BlockPipeline pipeline(block_size, workers, echo, [&](Bytes, Bytes) {
      if (++delivered == 3) fail(Exit::failed, "deliver: no space left on device");
    });
    const auto work = [&] {
      pipeline.write(as_bytes(pattern(50 * block_size)));
      pipeline.finish();
    };
    CHECK(failure_of(work).message == "deliver: no space left on device");
    CHECK_THROWS_AS(pipeline.finish(), Error);
    CHECK(delivered == 3);
  }
}

TEST_CASE("a pipeline can be destroyed in the middle") {
  for (std::size_t blocks = 0; blocks < 60; ++blocks) {
    std::atomic<int> started = 0, ended = 0;
    {
      BlockPipeline pipeline(
          block_size, 1 + blocks % 5,
          [&](std::size_t worker, Bytes block, std::vector<std::byte>& result) {
            ++started;
            echo(worker, block, result);
            ++ended;
          },
          [](Bytes, Bytes) {});
      pipeline.write(as_bytes(pattern(blocks * block_size + 10)));
    }
    CHECK(started == ended);  // no thread is left
  }
}
