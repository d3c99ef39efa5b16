#include "restore/wal/gap.h"

#include <doctest/doctest.h>

#include "tests/unit/failure.h"
#include "tests/unit/scratch.h"
#include "tests/unit/wal_samples.h"

using namespace pitr;
using namespace pitr::wal_samples;

namespace {

namespace fs = std::filesystem;

struct Recovery {
  explicit Recovery(std::string_view name = "000000010000000000000007")
      : request{wal_name(name), {}, {}, our_cluster, {}} {
    for (const std::string directory : {"one", "two", "data", "data/pg_wal"})
      fs::create_directory(scratch / directory);
    request.data_directory = scratch / "data";
    for (const std::string source : {"one", "two"}) {
      request.sources.push_back(parse_place((scratch / source).native()));
    }
  }
  std::string next() const {
    const auto found = first_segment_after(request);
    return found ? found->text() : "none";
  }
  Scratch scratch;
  RestoreRequest request;
};

}  // namespace

TEST_CASE("the first segment behind a hole is found, in whatever source and codec") {
  const Recovery recovery;
  CHECK(recovery.next() == "none");
  struct Row {
    std::string file, next;
  };
  const Row rows[] = {
      {"one/000000010000000000000006", "none"},
      {"one/000000010000000000000007", "none"},
      {"one/000000010000000000000007.partial", "none"},
      {"one/000000010000000000000009.partial", "none"},
      {"one/000000020000000000000008", "none"},
      {"one/00000002.history", "none"},
      {"one/000000010000000000000009.00000028.backup", "none"},
      {"one/000000010000000000000008.zst.tmp.0", "none"},
      {"one/0000000100000000000000FF.foreign", "none"},
      {"one/0000000100000001000000FF.gz", "0000000100000001000000FF"},
      {"two/0000000100000000000000FF.zst", "0000000100000000000000FF"},
      {"one/000000010000000000000010", "000000010000000000000010"},
      {"two/000000010000000000000011", "000000010000000000000010"},
      {"two/000000010000000000000008.lz4", "000000010000000000000008"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.file);
    recovery.scratch.write(row.file, "");
    CHECK(recovery.next() == row.next);
  }
}

TEST_CASE("a source that cannot be looked into hides no hole") {
  const Recovery recovery;
  fs::remove(recovery.scratch / "two");
  CHECK(failure_of([&] { return first_segment_after(recovery.request); }).code == Exit::failed);
  CHECK(failure_of([&] { refuse_gap(recovery.request); }).code == Exit::failed);
}

TEST_CASE("a missing segment before an archived one is a hole") {
  const Recovery recovery;
  CHECK(failure_of([&] { refuse_gap(recovery.request); }).message == "");
  recovery.scratch.write("two/000000010000000000000009.zst", "");
  const Failure failure = failure_of([&] { refuse_gap(recovery.request); });
  CHECK(failure.code == Exit::failed);
  CHECK(failure.mentions(
      "restore 000000010000000000000007: it is missing, but 000000010000000000000009 is archived"));
  CHECK(failure.mentions("--gap end"));
}

TEST_CASE("a hole in the history files is none") {
  const Recovery recovery("00000001.history");
  recovery.scratch.write("one/000000010000000000000009", "");
  CHECK(failure_of([&] { refuse_gap(recovery.request); }).message == "");
}

TEST_CASE("a hole that pg_wal fills is none") {
  const Recovery recovery;
  recovery.scratch.write("one/000000010000000000000009", "");
  recovery.scratch.write("data/pg_wal/000000010000000000000007", segment());
  CHECK(is_in_pg_wal(recovery.request));
  CHECK(failure_of([&] { refuse_gap(recovery.request); }).message == "");
}

TEST_CASE("what only looks like the segment in pg_wal fills no hole") {
  Header unflagged;
  unflagged.flags = 0;
  const std::string files[] = {"", "x", std::string(megabyte, '\0'), segment().substr(0, 39),
                               // A recycled file: its name is of the future, its bytes of the past.
                               segment_named("000000010000000000000003"),
                               segment_named("000000010000000000000008"),
                               segment_named("000000010000000000000007", 42), segment(unflagged)};
  for (const std::string& file : files) {
    CAPTURE(file.size());
    const Recovery recovery;
    recovery.scratch.write("one/000000010000000000000009", "");
    recovery.scratch.write("data/pg_wal/000000010000000000000007", file);
    CHECK_FALSE(is_in_pg_wal(recovery.request));
    CHECK(failure_of([&] { refuse_gap(recovery.request); }).code == Exit::failed);
  }
}

TEST_CASE("when the cluster is not known any cluster's segment in pg_wal will do") {
  Recovery recovery;
  recovery.request.system_identifier.reset();
  recovery.scratch.write("data/pg_wal/000000010000000000000007",
                         segment_named("000000010000000000000007", 42));
  CHECK(is_in_pg_wal(recovery.request));
}

TEST_CASE("a missing segment before the switch to a timeline that is followed is a hole") {
  struct Row {
    std::string_view what, history, stored;
    bool is_hole;
  };
  const Row rows[] = {
      {"a later timeline that left behind it", "00000002.history", "000000020000000000000009.zst", true},
      {"the segment of the switch itself", "00000002.history", "000000020000000000000008", true},
      {"its timeline is not followed", "00000002.history", "00000003000000000000000A", false},
      {"nobody follows", "", "000000020000000000000009", false},
      {"nothing of it is there", "00000002.history", "00000002.history", false},
      {"it left before", "00000003.history", "000000030000000000000009", false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    const Recovery recovery;
    fs::create_directory(recovery.scratch / "data/global");
    // Of pg_control its first bytes and the segment size are read.
    std::string control(8192, '\0');
    control[0] = 1;
    control.replace(228, 4, std::string("\0\0\x10\0", 4));
    recovery.scratch.write("data/global/pg_control", control);
    const std::string_view end = row.history == "00000003.history" ? "0/700000" : "0/880000";
    if (!row.history.empty())
      recovery.scratch.write("data/pg_wal/" + std::string(row.history), fmt::format("1\t{}\tx\n", end));
    recovery.scratch.write("two/" + std::string(row.stored), "");
    CHECK(failure_of([&] { refuse_gap(recovery.request); }).code == (row.is_hole ? Exit::failed : Exit{}));
    CHECK(recovery.next() == std::string(row.is_hole ? row.stored.substr(0, 24) : "none"));
  }
}
