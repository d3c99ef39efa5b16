#include "archive/ready_files.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "tests/unit/failure.h"
#include "tests/unit/scratch.h"
#include "tests/unit/wal_samples.h"

using namespace pitr;
using namespace pitr::wal_samples;

namespace {

namespace fs = std::filesystem;

// A data directory with nothing but archive_status in it.
struct Status {
  Status() { fs::create_directories(scratch / "pg_wal/archive_status"); }
  void add(const std::vector<std::string>& names) const {
    for (const std::string& name : names) scratch.write("pg_wal/archive_status/" + name, "");
  }
  bool has(std::string_view name) const { return fs::exists(scratch / "pg_wal/archive_status" / name); }
  std::vector<std::string> first(std::size_t most,
                                 std::string_view except = "0000000100000000000000FF") const {
    std::vector<std::string> result;
    for (const WalName& name : ReadyFiles(scratch / "").first(most, wal_name(except)))
      result.push_back(name.text());
    return result;
  }

  Scratch scratch;
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("ready files come in the order of the server: history files first, then by name") {
  const Status status;
  status.add({"000000020000000000000009.ready", "00000003.history.ready", "000000010000000000000007.ready",
              "000000010000000000000007.00000028.backup.ready", "000000010000000000000007.partial.ready",
              "000000010000000100000000.ready", "000000010000000000000008.ready", "0000000A.history.ready",
              "00000002.history.ready"});
  const Names all = {"00000002.history",
                     "00000003.history",
                     "0000000A.history",
                     "000000010000000000000007",
                     "000000010000000000000007.00000028.backup",
                     "000000010000000000000007.partial",
                     "000000010000000000000008",
                     "000000010000000100000000",
                     "000000020000000000000009"};
  CHECK(status.first(100) == all);
  for (std::size_t most = 0; most <= all.size(); ++most) {
    CHECK(status.first(most) == Names(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(most)));
  }
}

TEST_CASE("the file that the server has asked for is left out and takes no place") {
  const Status status;
  status.add(
      {"000000010000000000000007.ready", "000000010000000000000008.ready", "000000010000000000000009.ready"});
  CHECK(status.first(2, "000000010000000000000007") ==
        Names{"000000010000000000000008", "000000010000000000000009"});
  CHECK(status.first(2, "000000010000000000000008") ==
        Names{"000000010000000000000007", "000000010000000000000009"});
}

TEST_CASE("what the server passes over is passed over") {
  const Status status;
  status.add({"000000010000000000000007.done", "000000010000000000000008.READY",
              "000000010000000000000008.ready.tmp", "x.ready", ".ready", "000000010000000.ready",
              "00000001000000000000000z.ready", "00000000000000000000000000000000000000007.ready",
              "000000010000000000000009.ready"});
  CHECK(status.first(100) == Names{"000000010000000000000009"});
}

TEST_CASE("nothing comes behind a name that the server would ask for and never get archived") {
  for (const std::string stop : {"000000010000000000000007.part", "00000001000000000000000",
                                 "0000000100000000000000070", "0000000100000000.history"}) {
    CAPTURE(stop);
    const Status status;
    status.add({"000000010000000000000006.ready", stop + ".ready", "000000010000000000000009.ready",
                "00000002.history.ready"});
    const Names found = status.first(100);
    CHECK(found.size() < 3);
    CHECK(found.front() == "00000002.history");
    CHECK(std::ranges::count(found, "000000010000000000000009") == 0);
  }
}

TEST_CASE("a file becomes done only when it is ready") {
  const Status status;
  const ReadyFiles ready(status.scratch / "");
  const WalName name = wal_name("000000010000000000000007");
  CHECK_FALSE(ready.has(name));
  ready.mark_done(name);
  CHECK_FALSE(status.has("000000010000000000000007.done"));
  status.add({"000000010000000000000007.ready"});
  CHECK(ready.has(name));
  ready.mark_done(name);
  CHECK_FALSE(ready.has(name));
  CHECK(status.has("000000010000000000000007.done"));
  // A crash of the server may have left both.
  status.add({"000000010000000000000007.ready"});
  ready.mark_done(name);
  CHECK_FALSE(ready.has(name));
  CHECK(status.has("000000010000000000000007.done"));
}

TEST_CASE("a directory that cannot be read is an error, and never an empty one") {
  const Scratch scratch;
  const ReadyFiles ready(scratch / "missing");
  CHECK(failure_of([&] { return ready.first(5, wal_name("000000010000000000000007")); }).code ==
        Exit::failed);
  scratch.write("pg_wal", "");
  CHECK(failure_of([&] {
          ReadyFiles(scratch / "").mark_done(wal_name("000000010000000000000007"));
        }).mentions("rename"));
}
