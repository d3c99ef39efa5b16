#include <doctest/doctest.h>

#include "tests/unit/sshd.h"
#include "tests/unit/store_suite.h"

using namespace pitr;

namespace {

namespace fs = std::filesystem;

constexpr const char* no_process = "4194305";  // no process ever has this pid

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
  std::string litter(const std::string& name) const override { return name + ".tmp.ssh" + no_process; }
  void plant_litter(const std::string& name) override {
    StorePlace::plant_litter(name);
    plant_link(name + ".tmp.slot9", no_process);
    fs::last_write_time(directory() / litter(name),
                        fs::file_time_type::clock::now() - std::chrono::hours(25));
  }
  // Without the links of the writers: nobody waits until the one of a stored file has gone.
  std::set<std::string> names() override {
    std::set<std::string> names = StorePlace::names();
    std::erase_if(names, [](const std::string& each) { return each.find(".tmp.slot") != each.npos; });
    return names;
  }
};

// What the far side does, on this host and without ssh: `prefix` runs its shell, `suffix` gets what it says.
Remote local(const Scratch& scratch, const std::string& prefix, const std::string& suffix) {
  Remote remote;
  remote.ssh = scratch.write(
      "ssh", fmt::format("#!/bin/sh\nfor command; do :; done\n{} sh -c \"$command\" {}\n", prefix, suffix));
  fs::permissions(remote.ssh, fs::perms(0700));
  return remote;
}

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

TEST_CASE("over ssh a file is looked for and stored in four round trips") {
  const Scratch scratch, far;
  const fs::path answers = scratch / "answers";
  {
    const auto store =
        open_over_ssh("host:" + (far / "").native(), local(scratch, "", "| tee " + answers.native()), {});
    CHECK_FALSE(store->open_each({*Name::parse("a"), *Name::parse("a.zst")})[0]);  // one
    put(*store, "a", "whole");                                                     // begin, settle, publish
  }
  CHECK(text_of(answers) == "/pitr\n/ok\n/none\n/none\n/ok\n/ok\n/ok\n");
  CHECK(text_of(far / "a") == "whole");
}

TEST_CASE("over ssh nothing reads the directory for one file") {
  const Scratch scratch, far;
  const fs::path trace = scratch / "trace";
  {
    const auto store = open_over_ssh(
        "host:" + (far / "").native(),
        local(scratch, "exec strace -f -qq -e trace=getdents,getdents64,link,linkat -o " + trace.native(),
              ""),
        {});
    put(*store, "a", "whole");
    store->sync(*Name::parse("a"));
    CHECK_FALSE(store->has_living_writer(*Name::parse("a")));
  }
  CHECK(text_of(trace).find("link") != std::string::npos);
  CHECK(text_of(trace).find("getdents") == std::string::npos);
}

TEST_CASE("what a dead shell left of a file goes when the file is written again") {
  SshPlace place;
  place.plant_litter("a");
  place.plant("b.tmp.ssh4194305", "");
  put(*place.open(), "a", "whole");
  CHECK(place.names() == std::set<std::string>{"a", "b.tmp.ssh4194305"});
}

TEST_CASE("over ssh the writer of a file lives until its sink is gone, and leaves nothing") {
  const Scratch far;
  const auto store = open_there(far / "");
  auto sink = store->create(*Name::parse("a"));
  sink->finish();
  CHECK(open_there(far / "")->has_living_writer(*Name::parse("a")));
  sink.reset();
  CHECK_FALSE(store->has_living_writer(*Name::parse("a")));
  CHECK(std::distance(fs::directory_iterator(far / ""), {}) == 1);
}

TEST_CASE("over ssh a young temporary file may be of a shell that this host does not see") {
  SshPlace place;
  place.plant("young.tmp.ssh4194305", "half");
  place.plant_litter("old");
  place.open()->remove_litter();
  CHECK(place.names() == std::set<std::string>{"young.tmp.ssh4194305"});
}

TEST_CASE("in a directory of another host that was removed nothing is absent") {
  const Scratch scratch;
  fs::create_directory(scratch / "there");
  const auto store = open_there(scratch / "there");
  CHECK_FALSE(store->open(*Name::parse("a")));
  fs::remove(scratch / "there");
  CHECK(failure_of([&] { return store->open(*Name::parse("a")); }).mentions("the directory was removed"));
  CHECK(failure_of([&] { store->list("", [](const Name&) { return true; }); }).code == Exit::failed);
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
  CHECK(source->size() == 4);
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
