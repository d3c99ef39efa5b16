#include <doctest/doctest.h>

#include "common/os/sized_source.h"
#include "tests/unit/sshd.h"
#include "tests/unit/store_suite.h"

using namespace pitr;

namespace {

namespace fs = std::filesystem;

// One for all: it takes keys and a start.
Sshd& sshd() {
  static Sshd the_one;
  return the_one;
}

class SshPlace final : public StorePlace {
 public:
  std::unique_ptr<Store> open() override {
    return open_over_ssh(sshd().place(directory()), sshd().remote(), {});
  }
  // No process ever has this pid.
  std::string litter(const std::string& name) const override { return name + ".tmp.ssh4194305"; }
};

std::unique_ptr<Store> open_there(const fs::path& directory, Openness openness = {}) {
  return open_over_ssh(sshd().place(directory), sshd().remote(), openness);
}
std::string content(Store& store, const std::string& name) {
  const auto source = store.open(Name::parse(name).value());
  std::string bytes;
  StringSink sink(bytes);
  copy(*source, sink);
  return bytes;
}
void put(Store& store, const std::string& name, std::string_view bytes) {
  const auto sink = store.create(Name::parse(name).value());
  sink->write(as_bytes(bytes));
  sink->finish();
}

}  // namespace

TEST_CASE("a directory of another host is a store") {
  store_suite([] { return std::make_unique<SshPlace>(); });
}

TEST_CASE("a missing directory of another host is never created: its disk is not mounted") {
  const Scratch scratch;
  const Failure failure = failure_of([&] { return open_there(scratch / "missing"); });
  CHECK(failure.code == Exit::failed);
  CHECK(failure.mentions((scratch / "missing").native() + ": no such directory (is its disk mounted?)"));
  CHECK_FALSE(fs::exists(scratch / "missing"));
  CHECK(failure_of([&] { return open_there(scratch.write("file", "")); }).mentions("not a directory"));
}

TEST_CASE("names and paths are data to the far side, whatever is in them") {
  const Scratch scratch;
  for (const std::string path :
       {"with space", "it's", "$(touch pwned)", "a;touch pwned", "-n", "\"q\"", "back\\slash", "*"}) {
    CAPTURE(path);
    fs::create_directory(scratch / path);
    const auto store = open_there(scratch / path);
    for (const std::string name : {"with space", "it's", "$(touch pwned)", "a;touch pwned", "`x`", "\"q\"",
                                   "back\\slash", "*", "%s", "~", "$HOME", "\xC3\xA4"}) {
      CAPTURE(name);
      put(*store, name, path);
      CHECK(content(*store, name) == path);
    }
    std::set<std::string> listed;
    store->list("", [&](const Name& name) { return listed.insert(name.text()).second; });
    CHECK(listed.size() == 12);
    CHECK(listed.contains("back\\slash"));
    CHECK(listed.contains("with space"));
    store->remove(Name::parse("*").value());
    CHECK(fs::exists(scratch / path / "it's"));
    CHECK_FALSE(fs::exists(scratch / path / "*"));
    CHECK_FALSE(fs::exists(scratch / path / "pwned"));
  }
}

TEST_CASE("a place that no ssh could reach is refused before anything is run") {
  for (const std::string place :
       {":/wal", "-oProxyCommand=x:/wal", "user@:/wal", "a b:/wal", "host:wal", "host:", "host:/a\nb"}) {
    CAPTURE(place);
    CHECK(failure_of([&] { return open_over_ssh(place, sshd().remote(), {}); }).code == Exit::usage);
  }
}

TEST_CASE("how long a file over ssh is, is known before it is read") {
  const Scratch scratch;
  scratch.write("a", "four");
  const auto source = open_there(scratch / "", {})->open(*Name::parse("a"));
  REQUIRE(source);
  CHECK(size_of(*source) == 4);
}

TEST_CASE("files over ssh have the mode that was asked for") {
  const Scratch scratch;
  for (const mode_t mode : {0600, 0640}) {
    const auto store = open_there(scratch / "", {mode, 0700});
    put(*store, fmt::format("file{:o}", mode), "x");
    struct stat status {};
    REQUIRE(::stat((scratch / fmt::format("file{:o}", mode)).c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == mode);
  }
}

TEST_CASE("a host that cannot be reached says why") {
  Remote nowhere = sshd().remote();
  const Scratch scratch;
  nowhere.ssh = "/missing/ssh";
  CHECK(failure_of([&] { return open_over_ssh(sshd().place(scratch / ""), nowhere, {}); }).code ==
        Exit::failed);
  nowhere.ssh = scratch.write("ssh", "#!/bin/sh\nexec ssh -F /dev/null -p 1 \"$@\"\n");
  fs::permissions(nowhere.ssh, fs::perms(0700));
  const Failure failure = failure_of([&] { return open_over_ssh("127.0.0.1:/", nowhere, {}); });
  CHECK(failure.mentions("ssh 127.0.0.1: "));
  CHECK(failure.mentions("onnection refused"));
}
