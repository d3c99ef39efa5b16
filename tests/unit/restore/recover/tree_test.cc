#include "restore/recover/tree.h"

#include <doctest/doctest.h>

#include "tests/unit/failure.h"
#include "tests/unit/scratch.h"

using namespace pitr;

TEST_CASE("a path that leads out of its directory is refused, whatever it looks like") {
  for (const char* path : {"/etc/passwd", "..", "../a", "a/..", "a/../../b", "./..", "a//../..", "/"}) {
    CAPTURE(path);
    CHECK(failure_of([&] { checked_components(path); }).code == Exit::damaged);
  }
  CHECK(failure_of([&] { checked_components(std::string_view("a\0b", 3)); }).code == Exit::damaged);
  CHECK(checked_components("./a//b/./c/") == std::vector<std::string>{"a", "b", "c"});
  CHECK(checked_components("..a/b..") == std::vector<std::string>{"..a", "b.."});
  CHECK(checked_components("").empty());
}

TEST_CASE("no link on the way is followed, and nothing that exists is written over") {
  const Scratch scratch;
  std::filesystem::create_directory(scratch / "root");
  std::filesystem::create_directory(scratch / "outside");
  std::filesystem::create_directory_symlink(scratch / "outside", scratch / "root" / "link");
  Tree tree(scratch / "root", {});
  CHECK(failure_of([&] { tree.create("link/file"); }).code == Exit::failed);
  CHECK(failure_of([&] { tree.create("link"); }).code == Exit::failed);
  CHECK(failure_of([&] { tree.make_directory("link/a"); }).code == Exit::failed);
  CHECK(std::filesystem::is_empty(scratch / "outside"));
  write_all(tree.create("a/b/c"), as_bytes("text"));
  CHECK(failure_of([&] { tree.create("a/b/c"); }).mentions("exists"));
  CHECK(text_of(scratch / "root" / "a" / "b" / "c") == "text");
  tree.remove("a/b/c");
  tree.remove("a/b/c");
  CHECK_FALSE(std::filesystem::exists(scratch / "root" / "a" / "b" / "c"));
}

TEST_CASE("the link of a tablespace is made, and not walked through") {
  const Scratch scratch;
  Tree tree(scratch / ".", {});
  tree.make_link("pg_tblspc/16384", "/nowhere");
  CHECK(std::filesystem::read_symlink(scratch / "pg_tblspc" / "16384") == "/nowhere");
  CHECK(failure_of([&] { tree.create("pg_tblspc/16384/file"); }).code == Exit::failed);
}
