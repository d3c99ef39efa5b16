#include "common/set/backup_lease.h"

#include <doctest/doctest.h>

#include "tests/unit/failure.h"
#include "tests/unit/scratch.h"

using namespace pitr;

TEST_CASE("a lease is read as it was written, and never gets shorter by another one") {
  const Scratch scratch;
  const std::filesystem::path directory = scratch / "base";
  std::filesystem::create_directory(directory);
  const auto store = open_directory(directory, {0644, 0755});
  CHECK_FALSE(read_lease(*store, "db1-data.tar"));
  write_lease(*store, "db1-data.tar", {1000000, "db2", "/data/new"});
  CHECK(text_of(directory / "db1-data.tar.lease") ==
        "Expires: 1970-01-12T13:46:40Z\nHostname: db2\nData-Directory: /data/new\n");
  write_lease(*store, "db1-data.tar", {500000, "db3", "/other"});
  const auto lease = read_lease(*store, "db1-data.tar");
  REQUIRE(lease);
  CHECK(lease->expires == 1000000);
  CHECK(lease->hostname == "db3");
  CHECK(lease->data_directory == "/other");
  remove_lease(*store, "db1-data.tar");
  CHECK_FALSE(read_lease(*store, "db1-data.tar"));
}

TEST_CASE("a lease that does not say when it ends is an error, and no lease that has ended") {
  const Scratch scratch;
  const std::filesystem::path directory = scratch / "base";
  std::filesystem::create_directory(directory);
  const auto store = open_directory(directory, {});
  const std::string_view texts[] = {"",
                                    "Hostname: db1\n",
                                    "Expires: tomorrow\n",
                                    "Expires: 2026-11-22T20:00:00Z x\n",
                                    {"Expires: 2026-11-22T20:00:00Z\0x\n", 32},
                                    "Expires: 2026-11-22"};
  for (const std::string_view text : texts) {
    CAPTURE(text);
    std::filesystem::remove(directory / "s.lease");
    std::ofstream(directory / "s.lease") << text;
    CHECK(failure_of([&] { read_lease(*store, "s"); }).code == Exit::damaged);
  }
}
