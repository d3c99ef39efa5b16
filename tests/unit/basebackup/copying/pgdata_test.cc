#include "basebackup/copying/pgdata.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

#include <doctest/doctest.h>

#include "tests/unit/pgdata_tree.h"

using namespace pitr;

TEST_CASE("a backup holds a data directory without what the server rebuilds") {
  const PgdataTree tree;
  tree.files({"PG_VERSION",
              "postgresql.conf",
              "postgresql.auto.conf",
              "postgresql.auto.conf.tmp",
              "current_logfiles",
              "current_logfiles.tmp",
              "postmaster.pid",
              "postmaster.opts",
              "backup_label",
              "backup_label.old",
              "tablespace_map",
              "backup_manifest",
              "recovery.signal",
              "standby.signal",
              "recovery.conf",
              "recovery.done",
              ".DS_Store",
              "global/pg_control",
              "global/pg_filenode.map",
              "global/1262",
              "global/pg_internal.init",
              "global/pg_internal.init.77",
              "global/pg_controlx"});
  tree.files({"base/1/1259",
              "base/1/pg_control",
              "base/1/recovery.signal",
              "base/1/pg_internal.init",
              "base/pgsql_tmp/pgsql_tmp1.0",
              "base/pgsql_tmp77",
              "pg_xact/0000",
              "pg_subtrans/0000",
              "pg_notify/0000",
              "pg_serial/0000",
              "pg_snapshots/1",
              "pg_dynshmem/mmap.1",
              "pg_replslot/s/state",
              "pg_stat_tmp/pgss.stat",
              "extension/pg_notify/1",
              "log/today",
              "pg_log/old",
              "base/log/kept",
              "pg_wal/000000010000000000000001",
              "pg_wal/archive_status/000000010000000000000001.ready"});
  CHECK(tree.walk() == Lines{"d main",
                             "f main/PG_VERSION",
                             "f main/backup_label.old",
                             "d main/base",
                             "d main/base/1",
                             "f main/base/1/1259",
                             "f main/base/1/pg_control",
                             "f main/base/1/recovery.signal",
                             "d main/base/log",
                             "f main/base/log/kept",
                             "f main/current_logfiles",
                             "d main/extension",
                             "d main/extension/pg_notify",
                             "d main/global",
                             "f main/global/1262",
                             "f main/global/pg_controlx",
                             "f main/global/pg_filenode.map",
                             "d main/log",
                             "d main/pg_dynshmem",
                             "d main/pg_log",
                             "d main/pg_notify",
                             "d main/pg_replslot",
                             "d main/pg_serial",
                             "d main/pg_snapshots",
                             "d main/pg_stat_tmp",
                             "d main/pg_subtrans",
                             "d main/pg_wal",
                             "d main/pg_wal/archive_status",
                             "d main/pg_xact",
                             "f main/pg_xact/0000",
                             "f main/postgresql.auto.conf",
                             "f main/postgresql.conf"});
}

TEST_CASE("of an unlogged relation only the init fork is stored, of a temporary one nothing") {
  const PgdataTree tree;
  tree.files({"base/5/100", "base/5/100.1", "base/5/100_fsm", "base/5/100_init", "base/5/100_vm.1",
              "base/5/1000", "base/5/10", "base/5/200", "base/5/200_fsm", "base/5/t3_300",
              "base/5/t3_300_fsm.1", "base/5/t3_300.sql", "base/5/400_init.1", "base/5/400"});
  CHECK(tree.walk() == Lines{"d main", "d main/base", "d main/base/5", "f main/base/5/10",
                             "f main/base/5/1000", "f main/base/5/100_init", "f main/base/5/200",
                             "f main/base/5/200_fsm", "f main/base/5/400", "f main/base/5/400_init.1",
                             "f main/base/5/t3_300.sql"});
}

TEST_CASE("the names of relations count in directories of databases only") {
  const PgdataTree tree;
  tree.files({"pg_xact/100", "pg_xact/100_init", "pg_xact/t3_300", "base/x/100", "base/x/100_init",
              "base/100_init", "base/100", "global/100", "global/100_init", "other/5/100",
              "other/5/100_init"});
  const Lines lines = tree.walk();
  for (const char* line : {"f main/pg_xact/100", "f main/pg_xact/t3_300", "f main/base/x/100",
                           "f main/base/100", "f main/global/100", "f main/other/5/100"}) {
    CHECK(contains(lines, line));
  }
}

TEST_CASE("logs are stored on request, and other directories are emptied on request") {
  const PgdataTree tree;
  tree.files({"log/today", "pg_log/old", "stats/tmp/a", "stats/b"});
  CHECK(tree.walk(
            {.top = "x", .version_directory = version, .skip_logs = false, .emptied = {"./stats/tmp/"}}) ==
        Lines{"d x = ", "d x/log = log", "f x/log/today = log/today", "d x/pg_log = pg_log",
              "f x/pg_log/old = pg_log/old", "d x/stats = stats", "f x/stats/b = stats/b",
              "d x/stats/tmp = stats/tmp"});
  CHECK(tree.walk() == Lines{"d main", "d main/log", "d main/pg_log", "d main/stats", "f main/stats/b",
                             "d main/stats/tmp", "f main/stats/tmp/a"});
}

TEST_CASE("an entry tells what to open and what it looked like") {
  const PgdataTree tree;
  tree.files({"base/5/1259"});
  REQUIRE(::chmod((tree.root / "base/5/1259").c_str(), 0640) == 0);
  tree.walk(with_version(), [&](const Entry& entry) {
    CHECK(entry.source.is_absolute());
    CHECK(S_ISDIR(entry.status.st_mode) == (entry.kind == Entry::Kind::directory));
    if (entry.kind != Entry::Kind::file) return;
    CHECK(text_of(entry.source) == "base/5/1259");
    CHECK(entry.status.st_size == 11);
    CHECK((entry.status.st_mode & 07777) == 0640);
  });
}

TEST_CASE(
    "a tablespace that is created during the walk is left to the WAL, one that is dropped is left out") {
  const PgdataTree tree;
  fs::create_directories(tree.scratch / "old" / version);
  fs::create_directories(tree.scratch / "new" / version);
  tree.files({"pg_tblspc/note"});
  tree.link("pg_tblspc/16385", tree.scratch / "old");
  const Lines lines = tree.walk(with_version(), [&](const Entry& entry) {
    if (entry.tar_path != "main") return;
    fs::remove(tree.root / "pg_tblspc/16385");
    tree.link("pg_tblspc/16386", tree.scratch / "new");
  });
  CHECK(lines == Lines{"d main", "d main/pg_tblspc", "f main/pg_tblspc/note"});
}

TEST_CASE("what vanishes during the walk is left out") {
  const PgdataTree tree;
  tree.files({"base/1/1259", "base/5/1259", "base/6/1259", "base/6/1260", "base/6/1261"});
  const Lines lines = tree.walk(with_version(), [&](const Entry& entry) {
    if (entry.path == "base/1") fs::remove_all(tree.root / "base/5");
    if (entry.path == "base/6/1259") fs::remove(tree.root / "base/6/1260");
  });
  CHECK(lines == Lines{"d main", "d main/base", "d main/base/1", "f main/base/1/1259", "d main/base/6",
                       "f main/base/6/1259", "f main/base/6/1261"});
}

TEST_CASE("a directory that cannot be read ends the walk with its name") {
  const PgdataTree tree;
  tree.files({"base/5/1259"});
  for (const fs::path& path : {tree.root, tree.scratch / "", tree.root / "base"}) ::chmod(path.c_str(), 0755);
  REQUIRE(::chmod((tree.root / "base/5").c_str(), 0) == 0);
  const Outcome outcome = in_child([&] {
    if (::geteuid() == 0 && ::setuid(65534) != 0) return 2;  // root may read everything
    std::fputs(tree.error().c_str(), stdout);
    return 0;
  });
  ::chmod((tree.root / "base/5").c_str(), 0700);
  CHECK(outcome.status == 0);
  CHECK(tree.masked(outcome.out) == "open directory SCRATCH/main/base/5: permission denied");
}

TEST_CASE("a data directory that is not there is an error") {
  const PgdataTree tree;
  fs::remove(tree.root);
  CHECK(tree.masked(tree.error()) == "open data directory SCRATCH/main: no such file or directory");
}

TEST_CASE("the tar calls the data directory as the user did") {
  const PgdataTree tree;
  tree.files({"PG_VERSION"});
  fs::create_symlink("main", tree.scratch / "link");
  const WalkOptions options = with_version();
  struct Row {
    fs::path root;
    std::string file;
  };
  for (const Row& row :
       {Row{tree.root / "", "main/PG_VERSION"}, Row{tree.scratch / "link", "link/PG_VERSION"},
        Row{tree.scratch / "link/", "link/PG_VERSION"}, Row{tree.root / ".", "main/PG_VERSION"},
        Row{fs::relative(tree.root), "main/PG_VERSION"}}) {
    CAPTURE(row.root.native());
    std::string file;
    walk_data_directory(row.root, options, [&](const Entry& entry) {
      CHECK(entry.source.is_absolute());
      file = entry.tar_path;
    });
    CHECK(file == row.file);
  }
}

TEST_CASE("the directory of a cluster in its tablespaces is named by major and catalog version") {
  CHECK(version_directory("15", 202209061) == "PG_15_202209061");
}
