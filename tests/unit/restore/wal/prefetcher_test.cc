#include "restore/wal/prefetcher.h"

#include <unistd.h>

#include <algorithm>

#include <doctest/doctest.h>

#include "common/os/lock.h"
#include "restore/wal/prefetch_spool.h"
#include "tests/unit/failure.h"
#include "tests/unit/scratch.h"
#include "tests/unit/system_calls.h"
#include "tests/unit/wal_samples.h"

using namespace pitr;
using namespace pitr::wal_samples;

namespace {

namespace fs = std::filesystem;

std::string name_of(int number, int timeline = 1) {
  return fmt::format("{:08X}00000000{:08X}", timeline, number);
}

// A data directory whose server is a process of the test, an archive of segments of 1 MB, and a worker.
struct Recovery {
  Recovery() : spool(scratch / "spool", our_cluster) {
    for (const char* directory : {"archive", "second", "data"}) fs::create_directory(scratch / directory);
    scratch.write("data/recovery.signal", "");
    for (const char* place : {"archive", "second"}) {
      scratch.write(std::string(place) + "/pitr-archive.id",
                    fmt::format("System-Identifier: {}\nSegment-Size: {}\n", our_cluster, megabyte));
    }
    order.directory = scratch / "spool";
    order.data_directory = scratch / "data";
    for (const char* place : {"archive", "second"}) {
      order.sources.push_back(parse_place((scratch / place).native()));
    }
    spool.create();
    spool.remember(wal_name(name_of(1)));
  }
  void archive(int from, int to, int timeline = 1) const {
    for (int i = from; i <= to; ++i)
      scratch.write("archive/" + name_of(i, timeline), segment_named(name_of(i, timeline)));
  }
  // The worker does all that it can before each of these; after the last one the server is gone. True: every
  // one was come to, found what it wanted, and the spool is gone at the end.
  bool works(const std::vector<std::function<bool()>>& looks) const {
    const Outcome outcome = in_child([&] {
      fs::current_path(scratch / "data");
      scratch.write("data/postmaster.pid", fmt::format("{}\n", ::getpid()));
      SystemCalls calls;
      std::size_t count = 0, good = 0;
      calls.on_poll = [&] {
        if (count < looks.size() && looks[count]()) ++good;
        if (++count == looks.size()) fs::remove(scratch / "data/postmaster.pid");
      };
      prefetch(order);
      return good == looks.size() && !fs::exists(scratch / "spool") ? 0 : static_cast<int>(1 + good);
    });
    return outcome.status == 0;
  }
  bool holds(std::vector<WalName> wanted) const {
    std::vector<WalName> held = spool.segments();
    std::ranges::sort(held);
    return held == wanted;
  }
  static std::vector<WalName> names(int from, int to, int timeline = 1) {
    std::vector<WalName> names;
    for (int i = from; i <= to; ++i) names.push_back(wal_name(name_of(i, timeline)));
    return names;
  }

  Scratch scratch;
  PrefetchSpool spool;
  PrefetchOrder order{{}, {}, {our_cluster, segment_size()}, {}, 3, 60};
};

}  // namespace

TEST_CASE("the worker stays as far ahead as it may, and follows what was asked for") {
  Recovery recovery;
  recovery.archive(1, 9);
  CHECK(recovery.works({[&] {
                          const bool good = recovery.holds(Recovery::names(2, 4));
                          recovery.spool.remember(wal_name(name_of(3)));
                          return good;
                        },
                        [&] { return recovery.holds(Recovery::names(4, 6)); }}));
}

TEST_CASE("segments follow one another beyond the last one of a log ID") {
  Recovery recovery;
  const std::string last = "000000010000000000000FFF", next = "000000010000000100000000";
  recovery.scratch.write("archive/" + next, segment_named(next));
  recovery.spool.remember(wal_name(last));
  CHECK(recovery.works({[&] { return recovery.holds({wal_name(next)}); }}));
}

TEST_CASE("the worker stops at the first name that is nowhere, and looks again with the next call") {
  Recovery recovery;
  recovery.archive(2, 2);
  recovery.archive(4, 5);
  CHECK(recovery.works({[&] {
                          const bool good = recovery.holds(Recovery::names(2, 2));
                          recovery.archive(3, 3);
                          return good;
                        },
                        [&] {
                          const bool good = recovery.holds(Recovery::names(2, 2));
                          recovery.spool.remember(wal_name(name_of(1)));
                          return good;
                        },
                        [&] { return recovery.holds(Recovery::names(2, 4)); }}));
}

TEST_CASE("after a switch of the timeline the worker drops what was fetched of the old one") {
  Recovery recovery;
  recovery.archive(1, 9);
  recovery.archive(3, 4, 2);
  CHECK(recovery.works({[&] {
                          const bool good = recovery.holds(Recovery::names(2, 4));
                          recovery.spool.remember(wal_name(name_of(2, 2)));
                          return good;
                        },
                        [&] { return recovery.holds(Recovery::names(3, 4, 2)); }}));
}

TEST_CASE("what was nowhere changes nothing for the worker but that it waits") {
  Recovery recovery;
  recovery.archive(1, 9);
  CHECK(recovery.works({[&] {
                          recovery.spool.forget();
                          return recovery.holds(Recovery::names(2, 4));
                        },
                        [&] { return recovery.holds(Recovery::names(2, 4)); }}));
}

TEST_CASE(
    "a segment that cannot be read, or gives cause for a warning, is left to the call that is asked for it") {
  for (const bool is_elsewhere : {false, true}) {
    CAPTURE(is_elsewhere);
    Recovery recovery;
    recovery.archive(1, 4);
    recovery.scratch.write("archive/" + name_of(2), segment_named(name_of(2)).substr(0, 1000));
    if (is_elsewhere) recovery.scratch.write("second/" + name_of(2), segment_named(name_of(2)));
    CHECK(recovery.works({[&] {
                            const bool good = recovery.holds({});
                            recovery.archive(2, 2);
                            recovery.spool.remember(wal_name(name_of(1)));
                            return good;
                          },
                          [&] { return recovery.holds(Recovery::names(2, 4)); }}));
  }
}

TEST_CASE("a segment of the second source is fetched when the first has none") {
  Recovery recovery;
  recovery.scratch.write("second/" + name_of(2), segment_named(name_of(2)));
  CHECK(recovery.works({[&] { return recovery.holds(Recovery::names(2, 2)); }}));
}

TEST_CASE("what a killed worker left is no hindrance") {
  Recovery recovery;
  recovery.archive(1, 9);
  const std::string place = "spool/" + std::to_string(our_cluster) + "/";
  for (const char* file : {"loading", "loading.tmp.0", "worker", "000000010000000000000002.00000000"}) {
    recovery.scratch.write(place + file, "half");
  }
  CHECK(recovery.works({[&] {
    // It stays until it is asked for, and is not taken then.
    const fs::path target = recovery.scratch / "target";
    CHECK_THROWS_AS((void)recovery.spool.hand_over(wal_name(name_of(2)), target), Error);
    return !fs::exists(target) && recovery.holds(Recovery::names(3, 4)) &&
           recovery.spool.hand_over(wal_name(name_of(3)), target) &&
           text_of(target) == segment_named(name_of(3));
  }}));
}

TEST_CASE(
    "the worker ends, and the spool with it, when the server is gone or was started again, or recovery is "
    "over") {
  struct Row {
    const char* what;
    std::function<void(const Recovery&)> event;
  };
  const Row rows[] = {
      {"gone", [](const Recovery& recovery) { fs::remove(recovery.scratch / "data/postmaster.pid"); }},
      {"killed",
       [](const Recovery& recovery) { recovery.scratch.write("data/postmaster.pid", "999999999\n"); }},
      {"started again",
       [](const Recovery& recovery) { recovery.scratch.write("data/postmaster.pid", "1\n"); }},
      {"recovered", [](const Recovery& recovery) { fs::remove(recovery.scratch / "data/recovery.signal"); }},
      {"data directory gone", [](const Recovery& recovery) { fs::remove_all(recovery.scratch / "data"); }},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    Recovery recovery;
    recovery.archive(1, 9);
    // The second look would end it anyhow: it must not be come to.
    CHECK_FALSE(recovery.works({[&] {
                                  row.event(recovery);
                                  return recovery.holds(Recovery::names(2, 4));
                                },
                                [] { return true; }}));
    CHECK_FALSE(fs::exists(recovery.scratch / "spool"));
  }
}

TEST_CASE("the worker ends when nobody has asked for long") {
  Recovery recovery;
  recovery.order.idle_limit = 0.1;
  CHECK_FALSE(recovery.works(std::vector<std::function<bool()>>(1000, [] { return true; })));
  CHECK_FALSE(fs::exists(recovery.scratch / "spool"));
}

TEST_CASE("there is one worker per spool, and none without a server") {
  Recovery recovery;
  recovery.archive(1, 9);
  {
    const LockFile other(recovery.spool.worker_lock(), 0600);
    CHECK(failure_of([&] { prefetch(recovery.order); }).mentions("another run holds it"));
    CHECK(recovery.holds({}));
  }
  prefetch(recovery.order);
  CHECK_FALSE(fs::exists(recovery.scratch / "spool"));
}
