#include "common/set/drill_record.h"

#include <sys/stat.h>

#include <doctest/doctest.h>

#include "tests/unit/failure.h"
#include "tests/unit/scratch.h"

using namespace pitr;

TEST_CASE("the record of a drill reads as it was written") {
  const Scratch scratch;
  CHECK_FALSE(read_drill_record(scratch / ""));
  write_drill_record(scratch / "", {1795341600, "db1-data-2026-11-21.tar", 10});
  write_drill_record(scratch / "", {1795341609, "db1-data-2026-11-22.tar", 348.1, "all WAL"});
  CHECK(text_of(scratch / drill_record_name) ==
        "Finished: 2026-11-22T10:00:09Z\nBackup: db1-data-2026-11-22.tar\nSeconds: 348.1\nTarget: all WAL\n");
  const auto record = read_drill_record(scratch / "");
  REQUIRE(record);
  CHECK(record->finished == 1795341609);
  CHECK(record->backup == "db1-data-2026-11-22.tar");
  CHECK(record->seconds == doctest::Approx(348.1));
  CHECK(record->target == "all WAL");
}

TEST_CASE("no directory is no answer, and neither is a damaged record") {
  const Scratch scratch;
  CHECK(failure_of([&] { read_drill_record(scratch / "unmounted"); }).code == Exit::failed);
  for (const char* text : {"", "Finished: yesterday\nSeconds: 1\n", "Finished: 2026-11-22T10:00:00Z\n",
                           "Finished: 2026-11-22T10:00:00\nSeconds: 1\n"}) {
    CAPTURE(text);
    scratch.write(drill_record_name, text);
    CHECK(failure_of([&] { read_drill_record(scratch / ""); }).code == Exit::damaged);
  }
}
