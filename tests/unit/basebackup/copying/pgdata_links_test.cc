#include <sys/stat.h>

#include <doctest/doctest.h>

#include "tests/unit/pgdata_tree.h"

using namespace pitr;

TEST_CASE("a tablespace is stored beside the data directory, with a link that leads there") {
  const PgdataTree tree;
  const fs::path fast = tree.scratch / "fast";
  for (const char* name :
       {"5/100", "5/200", "5/200_init", "5/t1_9", "5/PG_VERSION", "pgsql_tmp/pgsql_tmp1.0"}) {
    fs::create_directories((fast / version / name).parent_path());
    std::ofstream(fast / version / name) << "x";
  }
  fs::create_directories(fast / "PG_14_202107181/5");
  tree.directories({"pg_tblspc"});
  tree.link("pg_tblspc/16385", fast.native() + "/./");
  CHECK(tree.walk() ==
        Lines{
            "d main",
            "d main/pg_tblspc",
            "l main/pg_tblspc/16385 -> ../../tablespaces/SCRATCH/fast",
            "d tablespaces/SCRATCH/fast = pg_tblspc/16385",
            "d tablespaces/SCRATCH/fast/PG_15_202209061 = pg_tblspc/16385/PG_15_202209061",
            "d tablespaces/SCRATCH/fast/PG_15_202209061/5 = pg_tblspc/16385/PG_15_202209061/5",
            "f tablespaces/SCRATCH/fast/PG_15_202209061/5/100 = pg_tblspc/16385/PG_15_202209061/5/100",
            "f tablespaces/SCRATCH/fast/PG_15_202209061/5/200_init = "
            "pg_tblspc/16385/PG_15_202209061/5/200_init",
            "f tablespaces/SCRATCH/fast/PG_15_202209061/5/PG_VERSION = "
            "pg_tblspc/16385/PG_15_202209061/5/PG_VERSION",
        });
}

TEST_CASE("in place, a tablespace is stored where it goes to; one that nobody has placed is an error") {
  const PgdataTree tree;
  fs::create_directories(tree.scratch / "fast" / version);
  std::ofstream(tree.scratch / "fast" / version / "100") << "x";
  tree.directories({"pg_tblspc"});
  tree.link("pg_tblspc/16385", tree.scratch / "fast");
  WalkOptions options = with_version();
  options.top = ".";
  options.in_place = true;
  options.tablespace_paths = {{"16385", "/ssd"}};
  CHECK(tree.walk(options) ==
        Lines{"d . = ", "d ./pg_tblspc = pg_tblspc", "l ./pg_tblspc/16385 -> /ssd = pg_tblspc/16385",
              "d /ssd = pg_tblspc/16385", "d /ssd/PG_15_202209061 = pg_tblspc/16385/PG_15_202209061",
              "f /ssd/PG_15_202209061/100 = pg_tblspc/16385/PG_15_202209061/100"});
  options.tablespace_paths.clear();
  CHECK_THROWS_WITH_AS(tree.walk(options), doctest::Contains("nobody has said where it goes"), Error);
}

TEST_CASE("the link of a tablespace may be relative, as in a backup that was unpacked and started") {
  const PgdataTree tree;
  fs::create_directories(tree.scratch / "tablespaces/mnt" / version);
  tree.directories({"pg_tblspc"});
  tree.link("pg_tblspc/16385", "../../tablespaces/mnt");
  CHECK(contains(tree.walk(), "l main/pg_tblspc/16385 -> ../../tablespaces/SCRATCH/tablespaces/mnt"));
}

TEST_CASE("a tablespace inside the data directory is stored once") {
  const PgdataTree tree;
  tree.files({"ts/PG_15_202209061/5/100", "ts/PG_14_202107181/5/100", "ts/README"});
  tree.directories({"pg_tblspc"});
  tree.link("pg_tblspc/16385", tree.root / "ts");
  CHECK(tree.walk() ==
        Lines{"d main", "d main/pg_tblspc", "l main/pg_tblspc/16385 -> ../../tablespaces/SCRATCH/main/ts",
              "d tablespaces/SCRATCH/main/ts = pg_tblspc/16385",
              "d tablespaces/SCRATCH/main/ts/PG_15_202209061 = pg_tblspc/16385/PG_15_202209061",
              "d tablespaces/SCRATCH/main/ts/PG_15_202209061/5 = pg_tblspc/16385/PG_15_202209061/5",
              "f tablespaces/SCRATCH/main/ts/PG_15_202209061/5/100 = pg_tblspc/16385/PG_15_202209061/5/100",
              "d main/ts", "d main/ts/PG_14_202107181", "d main/ts/PG_14_202107181/5",
              "f main/ts/PG_14_202107181/5/100", "f main/ts/README"});
}

TEST_CASE("a tablespace in place is a plain directory, and its unlogged relations are left out") {
  const PgdataTree tree;
  tree.files({"pg_tblspc/16385/PG_15_202209061/5/100", "pg_tblspc/16385/PG_15_202209061/5/200",
              "pg_tblspc/16385/PG_15_202209061/5/200_init", "pg_tblspc/note"});
  CHECK(tree.walk() == Lines{"d main", "d main/pg_tblspc", "d main/pg_tblspc/16385",
                             "d main/pg_tblspc/16385/PG_15_202209061",
                             "d main/pg_tblspc/16385/PG_15_202209061/5",
                             "f main/pg_tblspc/16385/PG_15_202209061/5/100",
                             "f main/pg_tblspc/16385/PG_15_202209061/5/200_init", "f main/pg_tblspc/note"});
}

TEST_CASE("a tablespace whose disk is not mounted ends the walk before its first file") {
  const PgdataTree tree;
  tree.files({"PG_VERSION"});
  tree.directories({"pg_tblspc", "../fast/PG_14_202107181"});
  SUBCASE("an empty mount point") { tree.link("pg_tblspc/16385", tree.scratch / "fast"); }
  SUBCASE("a link to nothing") { tree.link("pg_tblspc/16385", tree.scratch / "slow"); }
  Lines lines;
  CHECK_THROWS_AS(walk_data_directory(tree.root, with_version(),
                                      [&](const Entry& entry) { lines.push_back(entry.tar_path); }),
                  Error);
  CHECK(lines.empty());
  CHECK(mentions(tree.error(), "pg_tblspc/16385: no directory"));
  CHECK(mentions(tree.error(), "PG_15_202209061 (is its disk mounted?)"));
}

TEST_CASE("two tablespaces in one directory end the walk") {
  const PgdataTree tree;
  fs::create_directories(tree.scratch / "fast" / version);
  tree.directories({"pg_tblspc"});
  tree.link("pg_tblspc/16385", tree.scratch / "fast");
  tree.link("pg_tblspc/16386", tree.scratch / "fast");
  CHECK(mentions(tree.error(), "tablespace 16386: another one has its directory"));
}

TEST_CASE("a tablespace that is dropped just before its turn is left out") {
  const PgdataTree tree;
  fs::create_directories(tree.scratch / "old" / version);
  tree.directories({"pg_tblspc"});
  tree.link("pg_tblspc/16385", tree.scratch / "old");
  const Lines lines = tree.walk(with_version(), [&](const Entry& entry) {
    if (entry.path == "pg_tblspc") fs::remove(tree.root / "pg_tblspc/16385");
  });
  CHECK(lines == Lines{"d main", "d main/pg_tblspc"});
}

TEST_CASE("a link to a file is stored as that file") {
  const PgdataTree tree;
  std::ofstream(tree.scratch / "real.conf") << "work_mem = 1GB";
  fs::create_symlink("real.conf", tree.scratch / "second.conf");
  tree.link("postgresql.conf", "../second.conf");
  int files = 0;
  const Lines lines = tree.walk(with_version(), [&](const Entry& entry) {
    if (entry.kind != Entry::Kind::file) return;
    ++files;
    CHECK(entry.source == fs::canonical(tree.scratch / "real.conf"));
    CHECK(entry.status.st_size == 14);
    CHECK(S_ISREG(entry.status.st_mode));
  });
  CHECK(lines == Lines{"d main", "f main/postgresql.conf"});
  CHECK(files == 1);
}

TEST_CASE("links that a backup cannot hold end the walk with their names") {
  const PgdataTree tree;
  tree.directories({"base", "../elsewhere"});
  SUBCASE("to a directory") {
    tree.link("base/5", tree.scratch / "elsewhere");
    CHECK(mentions(tree.error(), "main/base/5: a symbolic link to a directory"));
  }
  SUBCASE("to the data directory itself") {
    tree.link("base/5", "..");
    CHECK(mentions(tree.error(), "main/base/5: a symbolic link to a directory"));
  }
  SUBCASE("to nothing") {
    tree.link("pg_hba.conf", "/nowhere/pg_hba.conf");
    CHECK(mentions(tree.error(),
                   "main/pg_hba.conf: a symbolic link to /nowhere/pg_hba.conf, which does not exist"));
  }
  SUBCASE("in a circle") {
    tree.link("a", "b");
    tree.link("b", "a");
    CHECK(mentions(tree.error(), "main/a: too many levels of symbolic links"));
  }
  SUBCASE("a tablespace in a circle") {
    tree.directories({"pg_tblspc"});
    tree.link("pg_tblspc/16385", "16385");
    CHECK(mentions(tree.error(), "pg_tblspc/16385: too many levels of symbolic links"));
  }
}

TEST_CASE("directories that are stored empty may be links, and become directories") {
  const PgdataTree tree;
  tree.directories({"../elsewhere/archive_status", "../elsewhere/summaries"});
  std::ofstream(tree.scratch / "elsewhere/000000010000000000000001") << "x";
  for (const char* name : {"pg_wal", "log", "pg_stat_tmp"}) tree.link(name, tree.scratch / "elsewhere");
  tree.link("pg_notify", "/nowhere");
  REQUIRE(::chmod(tree.root.c_str(), 0750) == 0);
  const Lines lines =
      tree.walk(with_version(), [](const Entry& entry) { CHECK(entry.status.st_mode == (S_IFDIR | 0750)); });
  CHECK(lines == Lines{"d main", "d main/log", "d main/pg_notify", "d main/pg_stat_tmp", "d main/pg_wal",
                       "d main/pg_wal/archive_status", "d main/pg_wal/summaries"});
}

TEST_CASE("sockets and FIFOs are left out, also behind a link") {
  const PgdataTree tree;
  tree.files({"PG_VERSION"});
  REQUIRE(::mkfifo((tree.root / "fifo").c_str(), 0600) == 0);
  REQUIRE(::mknod((tree.root / ".s.PGSQL.5432").c_str(), S_IFSOCK | 0600, 0) == 0);
  tree.link("null", "/dev/null");
  CHECK(tree.walk() == Lines{"d main", "f main/PG_VERSION"});
}
