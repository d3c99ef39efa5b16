#include "basebackup/sync/far_rsync.h"

#include <doctest/doctest.h>

#include "tests/unit/failure.h"
#include "tests/unit/sshd.h"

using namespace pitr;

namespace {

namespace fs = std::filesystem;

// The files of `source` that have these names, as list_files() would list them.
FileTree tree_of(const fs::path& source, const Scratch& scratch, const std::vector<std::string>& names) {
  FileTree tree{".", source, SpoolFile(scratch / "")};
  for (const std::string& name : names) tree.names.write(as_bytes("./" + name + '\0'));
  return tree;
}

}  // namespace

TEST_CASE("rsync brings contents that differ, and leaves what is the same; names and paths are data") {
  const Scratch scratch;
  const Sshd sshd;
  Remote remote = sshd.remote();
  // As rsync would take it apart.
  remote.ssh = scratch / "an 'ssh' \"x\"";
  fs::copy_file(sshd.remote().ssh, remote.ssh);
  const fs::path from = scratch / "from", to = scratch / "to 'it' $(touch pwned) \"x\" *";
  for (const fs::path& directory : {from, to}) fs::create_directories(directory / "base");
  std::vector<std::string> names = {"plain",      "#comment",    ";x", "-rf",
                                    "two\nlines", "back\\slash", "*",  "base/1"};
  for (const std::string& name : names) std::ofstream(from / name) << "new " << name;
  std::ofstream(to / "plain") << "old plain";
  fs::last_write_time(to / "plain", fs::last_write_time(from / "plain"));
  fs::copy_file(from / "*", to / "*");
  fs::last_write_time(to / "*", fs::file_time_type());
  fs::create_hard_link(to / "*", scratch / "the same");
  std::ofstream(to / "gone") << "what has vanished here";
  std::ofstream(to / "not listed") << "for prune";

  names.emplace_back("gone");
  const auto tree = tree_of(from, scratch, names);
  send_differences(tree, sshd.place(to), remote, {"rsync", true, 100'000'000});
  names.pop_back();
  for (const std::string& name : names) CHECK(text_of(to / name) == "new " + name);
  CHECK(fs::hard_link_count(to / "*") == 2);
  CHECK_FALSE(fs::exists(to / "gone"));
  CHECK(fs::exists(to / "not listed"));
}

TEST_CASE("an rsync that fails says why; the one there is a program, never a line for a shell") {
  const Scratch scratch;
  const Sshd sshd;
  fs::create_directories(scratch / "to");
  const auto tree = tree_of(scratch / "", scratch, {"file"});
  scratch.write("file", "x");
  const std::string place = sshd.place(scratch / "to");
  const Failure missing = failure_of([&] { send_differences(tree, place, sshd.remote(), {"true; rsync"}); });
  CHECK(missing.code == Exit::failed);
  CHECK(missing.mentions("true; rsync"));
  Remote remote = sshd.remote();
  remote.rsync = "/missing/rsync";
  CHECK(failure_of([&] { send_differences(tree, place, remote, {"rsync"}); }).mentions("cannot be run"));
  const std::string nowhere = sshd.place(scratch / "nowhere/at/all");
  CHECK(failure_of([&] {
          send_differences(tree, nowhere, sshd.remote(), {"rsync"});
        }).mentions("nowhere/at/all"));
  send_differences(tree, place, sshd.remote(), {"rsync"});
  CHECK(text_of(scratch / "to/file") == "x");
}
