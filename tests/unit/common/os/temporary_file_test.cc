#include "common/os/temporary_file.h"

#include <sys/stat.h>

#include <atomic>
#include <thread>

#include <doctest/doctest.h>

#include "tests/unit/atomic_files.h"
#include "tests/unit/companion.h"
#include "tests/unit/failure.h"
#include "tests/unit/scratch.h"

using namespace pitr;

namespace fs = std::filesystem;

TEST_CASE("a symbolic link under the temporary name is not written through") {
  const Scratch scratch;
  const auto victim = scratch.write("victim", "precious");
  fs::create_symlink("victim", scratch / "file.tmp.0");
  store(scratch / "file", "new");
  CHECK(text_of(victim) == "precious");
  CHECK(text_of(scratch / "file") == "new");
  CHECK(names_in(scratch / "") == "file file.tmp.0 victim");
}

TEST_CASE("what a killed writer left is removed by the next writer of that name") {
  const Scratch scratch;
  const auto path = scratch / "file";
  Companion dead([&] { return writer_of(path); });
  dead.kill();
  CHECK(names_in(scratch / "") == "file.tmp.0");
  store(path, "new");
  CHECK(names_in(scratch / "") == "file");
  CHECK(text_of(path) == "new");
}

TEST_CASE("what several killed writers left is removed by the next writer of that name") {
  const Scratch scratch;
  const auto path = scratch / "file";
  Companion first([&] { return writer_of(path); });
  Companion second([&] { return writer_of(path); });
  Companion third([&] { return writer_of(path); });
  for (Companion* dead : {&first, &second, &third}) dead->kill();
  CHECK(names_in(scratch / "") == "file.tmp.0 file.tmp.1 file.tmp.2");
  store(path, "new");
  CHECK(names_in(scratch / "") == "file");
}

TEST_CASE("what a killed writer left behind a free slot is removed, too") {
  const Scratch scratch;
  const auto path = scratch / "file";
  {
    const auto live = writer_of(path);
    Companion dead([&] { return writer_of(path); });
    dead.kill();
  }
  CHECK(names_in(scratch / "") == "file.tmp.1");
  SUBCASE("by the next writer") { store(path, "new"); }
  SUBCASE("by sync_file()") {
    scratch.write("file", "new");
    sync_file(path);
  }
  CHECK(names_in(scratch / "") == "file");
}

TEST_CASE("the temporary file of a live writer is not touched") {
  const Scratch scratch;
  const auto path = scratch / "file";
  Companion live([&] { return writer_of(path); });
  store(path, "new");
  sync_file(path);
  remove_dead_temporaries(scratch / "");
  CHECK(names_in(scratch / "") == "file file.tmp.0");
  CHECK(text_of(scratch / "file.tmp.0") == "half");
}

TEST_CASE("a writer that died between link and unlink does not cost the stored file") {
  const Scratch scratch;
  const auto path = scratch / "file";
  scratch.write("file", "stored");
  fs::create_hard_link(path, scratch / "file.tmp.0");
  SUBCASE("the next writer is refused") { CHECK_THROWS_AS(store(path, "new"), AtomicFile::Conflict); }
  SUBCASE("sync_file() cleans") { sync_file(path); }
  SUBCASE("remove_dead_temporaries() cleans") { remove_dead_temporaries(scratch / ""); }
  CHECK(names_in(scratch / "") == "file");
  CHECK(text_of(path) == "stored");
}

TEST_CASE("a writer whose temporary name was taken away publishes nothing") {
  const Scratch scratch;
  const auto path = scratch / "file";
  for (const Existing existing : {Existing::refuse, Existing::replace}) {
    {
      AtomicFile file(path, existing, 0600);
      file.write(as_bytes("whole"));
      fs::remove(scratch / "file.tmp.0");
      scratch.write("file.tmp.0", "half of another writer's");
      CHECK(failure_of([&] { file.finish(); }).code == Exit::failed);
    }
    CHECK_FALSE(fs::exists(path));
    CHECK(text_of(scratch / "file.tmp.0") == "half of another writer's");
  }
}

TEST_CASE("a writer whose new temporary file was taken for a dead one's makes another") {
  const Scratch scratch;
  // The cleaner of another process comes between creation and lock, for as long as it finds something.
  const auto path = scratch / "file";
  std::atomic<bool> is_over = false;
  std::thread cleaner([&] {
    while (!is_over) remove_dead_temporaries(scratch / "");
  });
  int written = 0;
  for (; written < 300; ++written) {
    if (failure_of([&] {
          store(path, std::to_string(written), Existing::replace, AtomicFile::Durable::no);
        }).code != Exit::done ||
        text_of(path) != std::to_string(written)) {
      break;
    }
  }
  is_over = true;
  cleaner.join();
  CHECK(written == 300);
  CHECK(names_in(scratch / "") == "file");
}

TEST_CASE("too many live writers of one name are an error") {
  const Scratch scratch;
  std::vector<std::unique_ptr<AtomicFile>> writers;
  for (int i = 0; i < 100; ++i) writers.push_back(writer_of(scratch / "file"));
  CHECK(failure_of([&] { return writer_of(scratch / "file"); }).mentions("100 writers are busy with it"));
  writers.erase(writers.begin() + 50);
  writers.push_back(writer_of(scratch / "file"));
  writers.back()->finish();
  CHECK(text_of(scratch / "file") == "half");
}

TEST_CASE("a temporary name is told from every other") {
  const std::string_view temporary[] = {
      "a.tmp.0",       "a.tmp.99",  "a.tmp.007",   "000000010000000000000007.zst.tmp.3",
      "a.tmp.0.tmp.1", "a b.tmp.5", "a.tmp.ssh17", "a.tmp.slot0"};
  for (const std::string_view name : temporary) {
    CAPTURE(name);
    CHECK(is_temporary_name(name));
  }
  const std::string_view other[] = {"",
                                    "a",
                                    ".tmp.0",
                                    "tmp.0",
                                    "a.tmp",
                                    "a.tmp.",
                                    "a.tmp.x",
                                    "a.tmp.0x",
                                    "a.tmp.-1",
                                    "a.tmp. 0",
                                    "a.tmp.0 ",
                                    "a.tmp0",
                                    "a.TMP.0",
                                    "a.tmp.ssh",
                                    "a.tmp.slot",
                                    "a.tmp.0.gz",
                                    "a.tmp.1.2",
                                    "atmp.0",
                                    "000000010000000000000007"};
  for (const std::string_view name : other) {
    CAPTURE(name);
    CHECK_FALSE(is_temporary_name(name));
  }
}

TEST_CASE("the first temporary name is the one that a lone writer uses") {
  const Scratch scratch;
  const auto file = writer_of(scratch / "file");
  CHECK(fs::exists(first_temporary_of(scratch / "file")));
  CHECK(first_temporary_of("file") == "file.tmp.0");
  CHECK(is_temporary_name(first_temporary_of("/a/b").filename().native()));
}

TEST_CASE("making a stored file durable removes what dead writers of it left") {
  const Scratch scratch;
  const auto path = scratch / "file";
  scratch.write("file", "stored");
  scratch.write("file.tmp.0", "half");
  scratch.write("file.tmp.1", "half");
  scratch.write("other.tmp.0", "half");
  sync_file(path);
  CHECK(names_in(scratch / "") == "file other.tmp.0");
  CHECK(text_of(path) == "stored");
}

TEST_CASE("all dead temporary files of a directory are removed, and nothing else") {
  const Scratch scratch;
  for (const std::string name : {"a", "a.tmp.0", "b.tmp.7", "c.tmp.100", "d.tmp", "e.tmp.x", ".tmp.0"})
    scratch.write(name, "");
  fs::create_directory(scratch / "directory.tmp.0");
  fs::create_symlink("a", scratch / "link.tmp.0");
  fs::create_symlink("loop.tmp.0", scratch / "loop.tmp.0");
  REQUIRE(::mkfifo((scratch / "fifo.tmp.0").c_str(), 0600) == 0);
  Companion live([&] { return writer_of(scratch / "live"); });
  const auto own = writer_of(scratch / "own");
  remove_dead_temporaries(scratch / "");
  CHECK(names_in(scratch / "") ==
        ".tmp.0 a d.tmp directory.tmp.0 e.tmp.x fifo.tmp.0 link.tmp.0 live.tmp.0 loop.tmp.0 own.tmp.0");
  CHECK(failure_of([&] { remove_dead_temporaries(scratch / "missing"); }).code == Exit::failed);
}

TEST_CASE("what a shell of another host wrote is litter when it is a day old and the shell is dead") {
  const Scratch scratch;
  const std::string living = fmt::format("{}", ::getpid()), dead = "4194305";
  for (const std::string& pid : {living, dead}) {
    scratch.write("old.tmp.ssh" + pid, "half");
    fs::last_write_time(scratch / ("old.tmp.ssh" + pid),
                        fs::file_time_type::clock::now() - std::chrono::hours(25));
    scratch.write("young.tmp.ssh" + pid, "half");
    fs::create_symlink(pid, scratch / ("of-" + pid + ".tmp.slot0"));
  }
  remove_dead_temporaries(scratch / "");
  CHECK_FALSE(fs::exists(scratch / ("old.tmp.ssh" + dead)));
  for (const std::string& kept : {"old.tmp.ssh" + living, "young.tmp.ssh" + living, "young.tmp.ssh" + dead}) {
    CAPTURE(kept);
    CHECK(fs::exists(scratch / kept));
  }
  CHECK(fs::is_symlink(scratch / ("of-" + living + ".tmp.slot0")));
  CHECK_FALSE(fs::is_symlink(scratch / ("of-" + dead + ".tmp.slot0")));
}
