#include "restore/recover/tablespaces.h"

#include <doctest/doctest.h>

#include "tests/unit/failure.h"

using namespace pitr;

TEST_CASE("tablespaces move as they are told, below the root, with the data directory, or not at all") {
  TablespaceMapping mapping;
  mapping.moved = {parse_tablespace_move("/fast/=/new/fast")};
  mapping.old_data_directory = "/data/pg";
  mapping.new_data_directory = "/data/new";
  const auto spaces = parse_tablespace_map("16384 /fast\n16385 /slow\n16386 /data/pg/inside\n", mapping);
  REQUIRE(spaces.size() == 3);
  CHECK(spaces[0].target == "/new/fast");
  CHECK(spaces[1].target == "/slow");
  CHECK(spaces[2].target == "/data/new/inside");
  CHECK(format_tablespace_map(spaces) == "16384 /new/fast\n16385 /slow\n16386 /data/new/inside\n");
  mapping.root = "/all";
  CHECK(mapping.place("16385", "/slow").target == "/all/16385");
  CHECK(mapping.place("16384", "/fast").target == "/new/fast");
}

TEST_CASE("two tablespaces do not share a directory") {
  TablespaceMapping mapping;
  mapping.moved = {parse_tablespace_move("/fast=/new"), parse_tablespace_move("/slow=/new/")};
  CHECK(failure_of([&] { require_apart(parse_tablespace_map("1 /fast\n2 /slow\n", mapping)); }).code ==
        Exit::usage);
  require_apart(parse_tablespace_map("1 /fast\n2 /other\n", mapping));
}

TEST_CASE("line ends and backslashes in a path survive tablespace_map") {
  const auto spaces = parse_tablespace_map("1 /a\\\\b\\\nc d\n", {});
  REQUIRE(spaces.size() == 1);
  CHECK(spaces[0].original == "/a\\b\nc d");
  CHECK(format_tablespace_map(spaces) == "1 /a\\\\b\\\nc d\n");
}

TEST_CASE("a tablespace_map that cannot be is refused") {
  for (const char* text : {"x", "16384\n", "16384 relative\n", "x /a\n", " /a\n", "16384 /a", "\n"}) {
    CAPTURE(text);
    CHECK(failure_of([&] { parse_tablespace_map(text, {}); }).code == Exit::damaged);
  }
}

TEST_CASE("a move wants two absolute paths, and a tablespace that is in the backup") {
  for (const char* text : {"", "/a", "/a=", "a=/b", "/a=b", "=/b"}) {
    CAPTURE(text);
    CHECK(failure_of([&] { parse_tablespace_move(text); }).code == Exit::usage);
  }
  TablespaceMapping mapping;
  mapping.moved = {{"/none", "/new"}};
  CHECK(failure_of([&] {
          require_known(mapping, parse_tablespace_map("1 /a\n", mapping));
        }).mentions("it has /a"));
}
