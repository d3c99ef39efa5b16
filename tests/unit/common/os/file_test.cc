#include "common/os/file.h"
#include "common/os/signals.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include <doctest/doctest.h>

#include "tests/unit/atomic_files.h"
#include "tests/unit/failure.h"
#include "tests/unit/scratch.h"
#include "tests/unit/system_calls.h"

using namespace pitr;

namespace fs = std::filesystem;

TEST_CASE("a file appears whole at finish() and not before") {
  const Scratch scratch;
  for (const Existing existing : {Existing::refuse, Existing::replace}) {
    for (const auto durable : {AtomicFile::Durable::yes, AtomicFile::Durable::no}) {
      const auto path = scratch / "file";
      AtomicFile file(path, existing, 0600, durable);
      file.write(as_bytes("one "));
      CHECK_FALSE(fs::exists(path));
      file.write(as_bytes("two"));
      CHECK(names_in(scratch / "") == "file.tmp.0");
      file.finish();
      CHECK(text_of(path) == "one two");
      CHECK(names_in(scratch / "") == "file");
      CHECK(fs::hard_link_count(path) == 1);
      fs::remove(path);
    }
  }
}

TEST_CASE("an empty file is a file") {
  const Scratch scratch;
  AtomicFile(scratch / "file", Existing::refuse, 0600).finish();
  CHECK(names_in(scratch / "") == "file");
}

TEST_CASE("an unfinished file leaves nothing") {
  const Scratch scratch;
  { const auto file = writer_of(scratch / "file"); }
  CHECK(names_in(scratch / "") == "");
  scratch.write("file", "old");
  { const auto file = writer_of(scratch / "file", Existing::replace); }
  CHECK(names_in(scratch / "") == "file");
  CHECK(text_of(scratch / "file") == "old");
}

TEST_CASE("an existing file is refused, left alone, and the refusal can be told from other errors") {
  const Scratch scratch;
  const auto path = scratch / "file";
  {
    AtomicFile file(path, Existing::refuse, 0600);
    file.write(as_bytes("new"));
    scratch.write("file", "old");  // it came in the meantime
    CHECK_THROWS_WITH_AS(file.finish(), ("create " + path.native() + ": file exists").c_str(),
                         AtomicFile::Conflict);
  }
  CHECK(text_of(path) == "old");
  CHECK(names_in(scratch / "") == "file");
}

TEST_CASE("whatever has the name is refused and left alone") {
  const Scratch scratch;
  fs::create_symlink("nowhere", scratch / "dangling");
  fs::create_symlink("target", scratch / "link");
  scratch.write("target", "old");
  fs::create_directory(scratch / "directory");
  for (const std::string name : {"dangling", "link", "target", "directory"}) {
    CAPTURE(name);
    CHECK_THROWS_AS(store(scratch / name, "new"), AtomicFile::Conflict);
  }
  CHECK(text_of(scratch / "target") == "old");
  CHECK_FALSE(fs::exists(scratch / "nowhere"));
  CHECK(names_in(scratch / "") == "dangling directory link target");
}

TEST_CASE("replacing replaces the name and never writes through a symbolic link") {
  const Scratch scratch;
  scratch.write("target", "precious");
  fs::create_symlink("target", scratch / "link");
  store(scratch / "link", "new", Existing::replace);
  CHECK(text_of(scratch / "target") == "precious");
  CHECK(fs::is_regular_file(fs::symlink_status(scratch / "link")));
  CHECK(text_of(scratch / "link") == "new");
  store(scratch / "link", "newer", Existing::replace);
  CHECK(text_of(scratch / "link") == "newer");
  fs::create_directory(scratch / "directory");
  CHECK(failure_of([&] { store(scratch / "directory", "x", Existing::replace); }).mentions("is a directory"));
  CHECK(names_in(scratch / "") == "directory link target");
}

TEST_CASE("of two writers of one name the first wins, whole, and the other one is refused") {
  const Scratch scratch;
  const auto path = scratch / "file";
  AtomicFile one(path, Existing::refuse, 0600);
  AtomicFile other(path, Existing::refuse, 0600);
  one.write(as_bytes("one"));
  other.write(as_bytes("other"));
  CHECK(names_in(scratch / "") == "file.tmp.0 file.tmp.1");
  other.finish();
  CHECK_THROWS_AS(one.finish(), AtomicFile::Conflict);
  CHECK(text_of(path) == "other");
}

TEST_CASE("two writers that replace do not get in each other's way") {
  const Scratch scratch;
  const auto path = scratch / "file";
  {
    AtomicFile one(path, Existing::replace, 0600);
    AtomicFile other(path, Existing::replace, 0600);
    one.write(as_bytes("one"));
    other.write(as_bytes("other"));
    other.finish();
    CHECK(text_of(path) == "other");
    one.finish();
    CHECK(text_of(path) == "one");
  }
  CHECK(names_in(scratch / "") == "file");
}

TEST_CASE("the bytes are durable before the name, and the name before the end") {
  const Scratch scratch;
  const auto trace_of = [&](Existing existing, AtomicFile::Durable durable) {
    SystemCalls calls;
    store(scratch / "file", "x", existing, durable);
    return calls.trace;
  };
  CHECK(trace_of(Existing::refuse, AtomicFile::Durable::yes) ==
        "fsync file, linkat, unlinkat, fsync directory");
  CHECK(trace_of(Existing::replace, AtomicFile::Durable::yes) == "fsync file, renameat, fsync directory");
  CHECK(trace_of(Existing::replace, AtomicFile::Durable::no) == "renameat");
  SystemCalls calls;
  sync_file(scratch / "file");
  CHECK(calls.trace == "fsync file, fsync directory");
}

TEST_CASE(
    "a file that is prepared is durable and has no name yet; what is written afterwards is made durable, "
    "too") {
  const Scratch scratch;
  SystemCalls calls;
  {
    AtomicFile file(scratch / "file", Existing::refuse, 0600);
    file.write(as_bytes("one"));
    file.prepare();
    file.prepare();
    CHECK(calls.trace == "fsync file");
    CHECK_FALSE(fs::exists(scratch / "file"));
    file.finish();
    CHECK(calls.trace == "fsync file, linkat, unlinkat, fsync directory");
  }
  {
    AtomicFile file(scratch / "other", Existing::refuse, 0600);
    file.prepare();
    calls.trace.clear();
    file.write(as_bytes("two"));
    file.finish();
    CHECK(calls.trace == "fsync file, linkat, unlinkat, fsync directory");
  }
  calls.trace.clear();
  AtomicFile(scratch / "third", Existing::refuse, 0600).prepare();
  CHECK(calls.trace == "fsync file, unlinkat");
  CHECK(text_of(scratch / "file") == "one");
  CHECK(text_of(scratch / "other") == "two");
}

TEST_CASE("a name is given to a file that is there, and to none that is not") {
  const Scratch scratch;
  CHECK_FALSE(rename_if_there(scratch / "one", scratch / "two"));
  scratch.write("one", "x");
  scratch.write("two", "y");
  CHECK(rename_if_there(scratch / "one", scratch / "two"));
  CHECK(text_of(scratch / "two") == "x");
  CHECK_FALSE(fs::exists(scratch / "one"));
  fs::create_directory(scratch / "directory");
  CHECK(failure_of([&] { rename_if_there(scratch / "two", scratch / "directory"); }).mentions("directory"));
}

TEST_CASE("a directory is durable in its parent before anything is put into it") {
  const Scratch scratch;
  SystemCalls calls;
  create_directories(scratch / "a/b", 0700);
  CHECK(calls.trace == "fsync directory, fsync directory");
  // Whoever made it may have died before it was durable.
  calls.trace.clear();
  create_directories(scratch / "a/b", 0700);
  CHECK(calls.trace == "fsync directory");
}

TEST_CASE("a file system without links publishes all the same, and never replaces") {
  struct Row {
    int of_link, of_rename;  // errno
    std::string trace;
  };
  const Row rows[] = {
      {EPERM, 0, "fsync file, renameat2, fsync directory"},
      {EOPNOTSUPP, 0, "fsync file, renameat2, fsync directory"},
      {ENOSYS, 0, "fsync file, renameat2, fsync directory"},
      {EMLINK, 0, "fsync file, renameat2, fsync directory"},
      {EPERM, EINVAL, "fsync file, renameat, fsync directory"},
      {EPERM, ENOSYS, "fsync file, renameat, fsync directory"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.of_link);
    CAPTURE(row.of_rename);
    const Scratch scratch;
    SystemCalls calls;
    calls.on_call = [&](const std::string& call) {
      return call == "linkat" ? row.of_link : call == "renameat2" ? row.of_rename : 0;
    };
    store(scratch / "file", "old");
    CHECK(calls.trace == row.trace);
    CHECK_THROWS_AS(store(scratch / "file", "new"), AtomicFile::Conflict);
    fs::create_symlink("nowhere", scratch / "link");
    CHECK_THROWS_AS(store(scratch / "link", "new"), AtomicFile::Conflict);
    CHECK(text_of(scratch / "file") == "old");
    CHECK(names_in(scratch / "") == "file link");
  }
}

TEST_CASE("a publishing that fails in another way is an error and leaves nothing") {
  struct Row {
    std::string call;
    int code;
    std::string message;
  };
  const Row rows[] = {{"linkat", EIO, "link "},         {"linkat", ENOSPC, "link "},
                      {"linkat", EACCES, "link "},      {"fsync file", EIO, "fsync "},
                      {"fsync file", ENOSPC, "fsync "}, {"fsync file", EDQUOT, "fsync "}};
  for (const Row& row : rows) {
    const Scratch scratch;
    SystemCalls calls;
    calls.on_call = [&](const std::string& call) { return call == row.call ? row.code : 0; };
    const Failure failure = failure_of([&] { store(scratch / "file", "x"); });
    CHECK(failure.code == Exit::failed);
    CHECK(failure.message.starts_with(row.message));
    CHECK(failure.message.ends_with(": " + errno_text(row.code)));
    CHECK(names_in(scratch / "") == "");
  }
}

TEST_CASE("a file whose directory could not be made durable is no success") {
  const Scratch scratch;
  SystemCalls calls;
  calls.on_call = [](const std::string& call) { return call == "fsync directory" ? EIO : 0; };
  CHECK(failure_of([&] { store(scratch / "file", "x"); }).message.starts_with("fsync "));
  CHECK(failure_of([&] { sync_file(scratch / "file"); }).code == Exit::failed);
  CHECK(failure_of([&] { create_directories(scratch / "a", 0700); }).code == Exit::failed);
}

TEST_CASE("an interrupted fsync is asked for again, a failed one never") {
  const Scratch scratch;
  int asked = 0;
  SystemCalls calls;
  calls.on_call = [&](const std::string& call) { return call == "fsync file" && ++asked <= 3 ? EINTR : 0; };
  store(scratch / "file", "x");
  CHECK(asked == 4);
  asked = 0;
  calls.on_call = [&](const std::string& call) { return call == "fsync file" && ++asked > 0 ? EIO : 0; };
  CHECK(failure_of([&] { store(scratch / "other", "x"); }).code == Exit::failed);
  CHECK(asked == 1);
}

TEST_CASE("the mode is the one that was asked for, whatever the umask") {
  for (const mode_t mask : {0, 022, 077, 0777}) {
    for (const mode_t mode : {0600, 0640, 0644}) {
      CAPTURE(mask);
      CAPTURE(mode);
      const Scratch scratch;
      const Outcome outcome = in_child([&] {
        ::umask(mask);
        AtomicFile(scratch / "file", Existing::refuse, mode).finish();
        create_directories(scratch / "a/b", mode | 0111);
        return 0;
      });
      REQUIRE(outcome.status == 0);
      CHECK(mode_of(scratch / "file") == mode);
      CHECK(mode_of(scratch / "a") == (mode | 0111));
      CHECK(mode_of(scratch / "a/b") == (mode | 0111));
    }
  }
}

TEST_CASE("where a file cannot be created, the reason is told") {
  const Scratch scratch;
  struct Row {
    fs::path path;
    std::string reason;
  };
  const std::string long_name(252, 'x');  // no room for the temporary suffix
  const Row rows[] = {
      {scratch / "missing/file", "no such file or directory"},
      {fs::path(scratch.write("plain", "")) / "file", "not a directory"},
      {scratch / long_name, "file name too long"},
      {"/proc/file", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.path.native());
    const Failure failure = failure_of([&] { AtomicFile(row.path, Existing::refuse, 0600); });
    CHECK(failure.code == Exit::failed);
    CHECK(failure.message.ends_with(row.reason));
  }
  CHECK(names_in(scratch / "") == "plain");
}

TEST_CASE("a directory without permission is told as such") {
  const Scratch scratch;
  fs::permissions(scratch / "", fs::perms(0711));
  for (const int mode : {0555, 0444}) {
    CAPTURE(mode);
    fs::create_directory(scratch / "closed");
    fs::permissions(scratch / "closed", fs::perms(mode));
    const Outcome outcome = in_child([&] {
      // Permissions mean nothing to root.
      if (::geteuid() == 0 && ::seteuid(65534) != 0) return 9;
      const Failure failure =
          failure_of([&] { AtomicFile(scratch / "closed/file", Existing::refuse, 0600); });
      std::fprintf(stderr, "%s", failure.message.c_str());
      return 0;
    });
    CHECK(outcome.status == 0);
    CHECK(outcome.err.ends_with("permission denied"));
    fs::permissions(scratch / "closed", fs::perms(0755));
    fs::remove(scratch / "closed");
  }
}

TEST_CASE("a write that fails leaves nothing") {
  const Scratch scratch;
  const Outcome outcome = in_child([&] {
    catch_signals();
    const Failure failure = failure_of([&] {
      AtomicFile file(scratch / "file", Existing::refuse, 0600);
      ::raise(SIGTERM);
      file.finish();
    });
    return failure.message == "interrupted by SIGTERM" ? 0 : 1;
  });
  CHECK(outcome.status == 0);
  CHECK(names_in(scratch / "") == "");
}

TEST_CASE("what is not there or no regular file cannot be made durable") {
  const Scratch scratch;
  fs::create_symlink("nowhere", scratch / "link");
  REQUIRE(::mkfifo((scratch / "fifo").c_str(), 0600) == 0);
  for (const std::string name : {"missing", "missing/file", "link", "fifo"}) {
    CAPTURE(name);
    CHECK(failure_of([&] { sync_file(scratch / name); }).code == Exit::failed);
  }
  CHECK(failure_of([&] { sync_directory(scratch / "missing"); }).code == Exit::failed);
  CHECK(failure_of([&] { sync_directory(scratch.write("file", "")); }).mentions("not a directory"));
  sync_directory(scratch / "");
}

TEST_CASE("whatever has a name is there, also a link that leads nowhere") {
  const Scratch scratch;
  scratch.write("file", "");
  fs::create_symlink("nowhere", scratch / "link");
  CHECK(is_there(scratch / "file"));
  CHECK(is_there(scratch / "link"));
  CHECK(is_there(scratch / ""));
  CHECK_FALSE(is_there(scratch / "missing"));
  CHECK_FALSE(is_there(scratch / "missing/file"));
  CHECK_FALSE(is_there(scratch / "file/below"));
  CHECK_FALSE(is_there(""));
  CHECK(failure_of([&] { return is_there(scratch / std::string(256, 'x')); }).mentions("file name too long"));
}

TEST_CASE("a file that cannot be looked for is neither there nor missing") {
  const Scratch scratch;
  fs::permissions(scratch / "", fs::perms(0711));
  fs::create_directory(scratch / "closed");
  fs::permissions(scratch / "closed", fs::perms(0600));
  const Outcome outcome = in_child([&] {
    if (::geteuid() == 0 && ::seteuid(65534) != 0) return 9;
    return failure_of([&] { return is_there(scratch / "closed/file"); }).mentions("permission denied") ? 0
                                                                                                       : 1;
  });
  CHECK(outcome.status == 0);
}

TEST_CASE("a file is removed, a missing one is fine, a directory is an error") {
  const Scratch scratch;
  scratch.write("file", "");
  fs::create_symlink("file", scratch / "link");
  remove_file(scratch / "link");
  CHECK(names_in(scratch / "") == "file");
  remove_file(scratch / "file");
  CHECK(names_in(scratch / "") == "");
  remove_file(scratch / "file");
  remove_file(scratch / "missing/file");
  CHECK(failure_of([&] { remove_file(scratch / ""); }).code == Exit::failed);
  CHECK(failure_of([&] { remove_file(fs::path(scratch.write("file", "")) / "below"); }).code == Exit::failed);
}

TEST_CASE("directories are created with their parents, and existing ones are left as they are") {
  const Scratch scratch;
  fs::create_directory(scratch / "old");
  fs::permissions(scratch / "old", fs::perms(0711));
  create_directories(scratch / "old/a/b/c", 0750);
  CHECK(mode_of(scratch / "old") == 0711);
  for (const std::string name : {"old/a", "old/a/b", "old/a/b/c"}) CHECK(mode_of(scratch / name) == 0750);
  create_directories(scratch / "old/a/b/c", 0700);
  CHECK(mode_of(scratch / "old/a/b/c") == 0750);
  create_directories(scratch / "slash/", 0700);
  CHECK(fs::is_directory(scratch / "slash"));
  create_directories(scratch / "one/./two", 0700);
  CHECK(fs::is_directory(scratch / "one/two"));
  fs::create_directory_symlink("old", scratch / "link");
  create_directories(scratch / "link/d", 0700);
  CHECK(fs::is_directory(scratch / "old/d"));
  create_directories("/", 0700);
  create_directories(".", 0700);
}

TEST_CASE("a relative directory is created in the working directory") {
  const Scratch scratch;
  const Outcome outcome = in_child([&] {
    fs::current_path(scratch / "");
    create_directories("a/b", 0700);
    create_directories("c", 0700);
    store("file", "x");
    sync_file("file");
    return 0;
  });
  CHECK(outcome.status == 0);
  CHECK(fs::is_directory(scratch / "a/b"));
  CHECK(names_in(scratch / "") == "a c file");
}

TEST_CASE("a directory cannot be where something else is") {
  const Scratch scratch;
  scratch.write("file", "");
  fs::create_symlink("nowhere", scratch / "dangling");
  fs::create_symlink("loop", scratch / "loop");
  for (const std::string name : {"file", "file/", "file/below", "file/below/below", "dangling",
                                 "dangling/below", "loop", "loop/below"}) {
    CAPTURE(name);
    CHECK(failure_of([&] { create_directories(scratch / name, 0700); }).code == Exit::failed);
  }
  CHECK(failure_of([] { create_directories("", 0700); }).code == Exit::failed);
  CHECK(failure_of([] { create_directories("/proc/no/such", 0700); }).code == Exit::failed);
  CHECK(names_in(scratch / "") == "dangling file loop");
}

TEST_CASE("files are as open as the data directory is to its group") {
  const Scratch scratch;
  struct Row {
    int mode;
    mode_t file, directory;
  };
  const Row rows[] = {{0700, 0600, 0700}, {0750, 0640, 0750}, {0755, 0640, 0750}, {0710, 0600, 0700}};
  for (const Row& row : rows) {
    CAPTURE(row.mode);
    fs::permissions(scratch / "", fs::perms(row.mode));
    const Openness openness = openness_of(scratch / "");
    CHECK(openness.file == row.file);
    CHECK(openness.directory == row.directory);
  }
  CHECK(failure_of([&] { openness_of(scratch / "missing"); }).code == Exit::failed);
  CHECK(failure_of([&] { openness_of(scratch.write("file", "")); }).code == Exit::failed);
}

TEST_CASE("how files get their names is tried again after a run that was killed in the middle") {
  const Scratch scratch;
  // Killed between link and unlink it leaves both.
  scratch.write("pitr-publishing.tmp.0", "");
  std::filesystem::create_hard_link(scratch / "pitr-publishing.tmp.0",
                                    scratch / "pitr-publishing.tmp.0.tmp.0");
  CHECK(try_publishing(scratch / "") == Publishing::link);
  CHECK(std::filesystem::is_empty(scratch / ""));
}

TEST_CASE("a path lies within a directory by what its links lead to; what cannot be resolved is an error") {
  const Scratch scratch;
  std::filesystem::create_directories(scratch / "data/pg_wal");
  std::filesystem::create_symlink("data", scratch / "link");
  std::filesystem::create_symlink("loop", scratch / "loop");
  const std::filesystem::path data = scratch / "data";
  for (const char* inside :
       {"data", "data/", "data/pg_wal", "data/missing/too", "link/pg_wal", "x/../data/y"}) {
    CAPTURE(inside);
    CHECK(lies_within(scratch / inside, data));
  }
  for (const char* outside : {"", "data2", "data/..", "link/../x", "missing"}) {
    CAPTURE(outside);
    CHECK_FALSE(lies_within(scratch / outside, data));
  }
  CHECK(failure_of([&] { return lies_within(scratch / "loop/x", data); }).code == Exit::failed);
}
