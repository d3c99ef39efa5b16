#include "basebackup/sync/file_lists.h"

#include <doctest/doctest.h>

#include "common/base/text.h"
#include "tests/unit/pgdata_tree.h"

using namespace pitr;

namespace {

Lines names(SpoolFile& list) {
  const std::string text = read_text(*list.reader());
  Lines lines;
  for (std::size_t at = 0, end = 0; (end = text.find('\0', at)) != text.npos; at = end + 1) {
    lines.push_back(text.substr(at, end - at));
  }
  return lines;
}

}  // namespace

TEST_CASE(
    "rsync is told of files only, by directory; the far side of everything that may stay, but of no link") {
  const PgdataTree tree;
  tree.files({"PG_VERSION", "base/5/100", "base/5/100_vm", "base/5/-odd\nname",
              "pg_wal/000000010000000000000001", "pg_stat_tmp/x", "global/pg_control", "postmaster.pid",
              "standby.signal"});
  fs::create_directories(tree.scratch / "fast" / version);
  std::ofstream(tree.scratch / "fast" / version / "100") << "12345";
  tree.directories({"pg_tblspc"});
  tree.link("pg_tblspc/16385", tree.scratch / "fast");
  std::ofstream(tree.scratch / "hba") << "all";
  tree.link("pg_hba.conf", tree.scratch / "hba");

  WalkOptions options = with_version();
  options.top = ".";
  options.in_place = true;
  options.tablespace_paths = {{"16385", "/ssd"}};
  FileLists lists = list_files(tree.root, options, tree.scratch / "");
  CHECK(names(lists.names) == Lines{"./", "./PG_VERSION", "./base/", "./base/5/", "./base/5/-odd\nname",
                                    "./base/5/100", "./base/5/100_vm", "./global/", "./pg_hba.conf",
                                    "./pg_stat_tmp/", "./pg_tblspc/", "/ssd/", "/ssd/PG_15_202209061/",
                                    "/ssd/PG_15_202209061/100", "./pg_wal/", "./pg_wal/archive_status/"});
  REQUIRE(lists.trees.size() == 2);
  CHECK(lists.trees[0].target == ".");
  CHECK(lists.trees[0].source == tree.root);
  CHECK(names(lists.trees[0].names) ==
        Lines{"./PG_VERSION", "./base/5/-odd\nname", "./base/5/100", "./base/5/100_vm", "./pg_hba.conf"});
  CHECK(lists.trees[1].target == "/ssd");
  CHECK(lists.trees[1].source == tree.root / "pg_tblspc/16385");
  CHECK(names(lists.trees[1].names) == Lines{"./PG_15_202209061/100"});
  CHECK(lists.trees[1].bytes == 5);
}
