#include "basebackup/sync/copy_layout.h"

#include <doctest/doctest.h>

#include "tests/unit/failure.h"

using namespace pitr;

namespace {

std::string target_of(const std::vector<PathMap>& maps, const std::string& original) {
  return place_tablespaces(maps, {{"16384", original}}, "/data/pg").at(0).target.native();
}

}  // namespace

TEST_CASE("a tablespace goes where the longest prefix of its path says, and else stays where it is") {
  const std::vector<PathMap> maps = {parse_path_map("/mnt/:/new"), parse_path_map("/mnt/fast:/ssd/")};
  const auto spaces = place_tablespaces(
      maps, {{"1", "/mnt/fast"}, {"2", "/mnt/fast/a"}, {"3", "/mnt/faster"}, {"4", "/other"}}, "/data/pg");
  REQUIRE(spaces.size() == 4);
  CHECK(spaces[0].target == "/ssd");
  CHECK(spaces[1].target == "/ssd/a");
  CHECK(spaces[2].target == "/new/faster");
  CHECK(spaces[3].target == "/other");
  CHECK(target_of({parse_path_map("/:/copy")}, "/mnt/fast") == "/copy/mnt/fast");
}

TEST_CASE("a map wants two absolute paths, and a tablespace") {
  for (const char* text : {"", "/a", "/a:", "a:/b", "/a:b", ":/b", "/a:/b\n"}) {
    CAPTURE(text);
    CHECK(failure_of([&] { parse_path_map(text); }).code == Exit::usage);
  }
  CHECK(failure_of([] { target_of({parse_path_map("/mnt/fas:/x")}, "/mnt/fast"); }).code == Exit::usage);
}

TEST_CASE("no tablespace goes into the original's data directory, nor two into one place") {
  CHECK(failure_of([] { target_of({}, "/data/pg/inside"); }).code == Exit::usage);
  CHECK(failure_of([] { target_of({parse_path_map("/a:/data/pg")}, "/a"); }).code == Exit::usage);
  CHECK(target_of({parse_path_map("/data/pg:/data/copy")}, "/data/pg/inside") == "/data/copy/inside");
  CHECK(target_of({}, "/data/pgs") == "/data/pgs");
  CHECK(failure_of([] {
          place_tablespaces({parse_path_map("/a:/x"), parse_path_map("/b:/x")}, {{"1", "/a"}, {"2", "/b"}},
                            "/data/pg");
        }).code == Exit::usage);
}
