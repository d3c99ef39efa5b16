#include <sys/stat.h>

#include <cstdlib>

#include <doctest/doctest.h>

#include "tests/unit/rsyncd.h"
#include "tests/unit/store_suite.h"

using namespace pitr;

namespace {

namespace fs = std::filesystem;

Rsyncd& rsyncd() {
  static Rsyncd the_one;
  return the_one;
}

const Remote& quick() {
  static const Remote remote = [] {
    Remote made;
    made.timeout = std::chrono::seconds(5);
    made.temporary_directory = fs::temp_directory_path();
    return made;
  }();
  return remote;
}

class RsyncPlace final : public StorePlace {
 public:
  std::unique_ptr<Store> open() override { return open_over_rsync(rsyncd().place(directory()), quick(), {}); }
  std::string litter(const std::string& name) const override { return "." + name + ".X1y2Z3"; }
  void plant_litter(const std::string& name) override {
    StorePlace::plant_litter(name);
    fs::last_write_time(directory() / litter(name),
                        fs::file_time_type::clock::now() - std::chrono::hours(25));
  }
  bool can_tell_writers() const override { return false; }
};

std::unique_ptr<Store> open_there(const fs::path& directory, std::string_view module = "files",
                                  Openness openness = {}) {
  return open_over_rsync(rsyncd().place(directory, module), quick(), openness);
}
Name name(std::string_view text) { return Name::parse(text).value(); }
std::string content(Store& store, const std::string& text) {
  const auto source = store.open(name(text));
  if (!source) return "(missing)";
  std::string bytes;
  StringSink sink(bytes);
  copy(*source, sink);
  return bytes;
}
void put(Store& store, const std::string& text, std::string_view bytes) {
  const auto sink = store.create(name(text));
  sink->write(as_bytes(bytes));
  sink->finish();
}

// The environment of the test, as a user would have set it.
class Password {
 public:
  explicit Password(const char* text) { ::setenv("RSYNC_PASSWORD", text, 1); }
  ~Password() { ::unsetenv("RSYNC_PASSWORD"); }
  Password(const Password&) = delete;
  Password& operator=(const Password&) = delete;
};

}  // namespace

TEST_CASE("a directory of an rsync daemon is a store") {
  store_suite([] { return std::make_unique<RsyncPlace>(); });
}

TEST_CASE("nothing is absent from an rsync daemon that was not looked at") {
  const Scratch scratch;
  const Failure missing = failure_of([&] { return open_there(scratch / "missing"); });
  CHECK(missing.code == Exit::failed);
  CHECK(missing.mentions((scratch / "missing").native() + ": "));
  CHECK(missing.mentions("No such file or directory"));
  CHECK_FALSE(fs::exists(scratch / "missing"));
  CHECK(failure_of([&] { return open_there(scratch.write("file", "")); }).code == Exit::failed);
  CHECK(failure_of([&] { return open_there(scratch / "", "nowhere"); }).mentions("Unknown module 'nowhere'"));
  CHECK(failure_of([&] { return open_there(scratch / "", "full"); }).mentions("max connections"));
  // It goes while we use it.
  fs::create_directory(scratch / "there");
  const auto store = open_there(scratch / "there");
  auto sink = store->create(name("a"));
  sink->write(as_bytes("a"));
  fs::remove(scratch / "there");
  CHECK(failure_of([&] { return store->open(name("a")); }).mentions("No such file or directory"));
  CHECK(failure_of([&] {
          return store->open_each({name("a"), name("b")});
        }).mentions("No such file or directory"));
  CHECK(failure_of([&] { return store->modified(name("a")); }).code == Exit::failed);
  CHECK(failure_of([&] { store->list("", [](const Name&) { return true; }); }).code == Exit::failed);
  CHECK(failure_of([&] { store->remove(name("a")); }).code == Exit::failed);
  CHECK(failure_of([&] { sink->finish(); }).code == Exit::failed);
  CHECK_FALSE(fs::exists(scratch / "there"));
}

TEST_CASE("many names are asked for at once") {
  const Scratch scratch;
  scratch.write("b", "two");
  scratch.write("a*", "one");
  const auto store = open_there(scratch / "");
  const auto sources = store->open_each({name("x"), name("b"), name("a*"), name("*")});
  REQUIRE(sources.size() == 4);
  CHECK_FALSE(sources[0]);
  REQUIRE(sources[1]);
  REQUIRE(sources[2]);
  CHECK_FALSE(sources[3]);
  std::string bytes;
  StringSink sink(bytes);
  copy(*sources[1], sink);
  copy(*sources[2], sink);
  CHECK(bytes == "twoone");
}

TEST_CASE("an rsync daemon lets in who knows the password of the environment") {
  const Scratch scratch;
  const std::string place = rsyncd().place(scratch / "", "secret", "wal@");
  {
    const Password right("sekret");
    const auto store = open_over_rsync(place, quick(), {});
    put(*store, "a", "secret");
    CHECK(content(*store, "a") == "secret");
  }
  const Failure without = failure_of([&] { return open_over_rsync(place, quick(), {}); });
  CHECK(without.mentions("auth failed on module secret (is RSYNC_PASSWORD right?)"));
  const Password wrong("wrong-one");
  const Failure refused = failure_of([&] { return open_over_rsync(place, quick(), {}); });
  CHECK(refused.code == Exit::failed);
  CHECK(refused.mentions("auth failed"));
  CHECK_FALSE(refused.mentions("wrong-one"));
}

TEST_CASE("a module that is only for reading is read, and says so when it is to be written") {
  const Scratch scratch;
  scratch.write("a", "there");
  const auto store = open_there(scratch / "", "reading");
  CHECK(content(*store, "a") == "there");
  CHECK(failure_of([&] { put(*store, "b", "x"); }).mentions("module is read only"));
  CHECK(failure_of([&] { store->remove(name("a")); }).mentions("module is read only"));
  CHECK(fs::exists(scratch / "a"));
}

TEST_CASE("a daemon that refuses to delete says so") {
  const Scratch scratch;
  scratch.write("a", "there");
  scratch.write(".a.X1y2Z3", "half");
  fs::last_write_time(scratch / ".a.X1y2Z3", fs::file_time_type::clock::now() - std::chrono::hours(25));
  const auto store = open_there(scratch / "", "keeping");
  CHECK(failure_of([&] { store->remove(name("a")); }).mentions("refuse --delete"));
  CHECK(failure_of([&] { store->remove_litter(); }).mentions("refuse --delete"));
}

TEST_CASE("a daemon without --fsync is used without it, and the caveat says so") {
  const Scratch scratch;
  const auto store = open_there(scratch / "", "old");
  CHECK(store->caveat().find("--fsync") == std::string::npos);
  put(*store, "a", "whole");
  CHECK(content(*store, "a") == "whole");
  CHECK(store->caveat().find("no --fsync") != std::string::npos);
}

TEST_CASE("the caveat says that two who send one name at the same time are both told that it is stored") {
  const Scratch scratch;
  CHECK(open_there(scratch / "")->caveat().find("each is told that its file is stored") != std::string::npos);
}

TEST_CASE("only old temporary files of rsync are litter") {
  const Scratch scratch;
  for (const std::string file : {".a.X1y2Z3", ".profile.backup", "a.X1y2Z3", ".X1y2Z3", ".b.X1y2Z"}) {
    scratch.write(file, "");
    fs::last_write_time(scratch / file, fs::file_time_type::clock::now() - std::chrono::hours(25));
  }
  scratch.write(".young.X1y2Z3", "");
  open_there(scratch / "")->remove_litter();
  CHECK_FALSE(fs::exists(scratch / ".a.X1y2Z3"));
  CHECK(std::distance(fs::directory_iterator(scratch / ""), {}) == 5);
}

TEST_CASE("to an rsync daemon names are data, whatever is in them") {
  const Scratch scratch;
  const std::set<std::string> names = {
      "with space", "it's", "$(touch pwned)", "a;b",    "\"q\"",  "back\\slash", "*", "[a]", "?", "%s",
      "~",          "#1",   "x\\#134y",       "a -> b", "host:a", "\xC3\xA4"};
  const auto store = open_there(scratch / "");
  for (const std::string& each : names) {
    CAPTURE(each);
    put(*store, each, "bytes of " + each);
    CHECK(text_of(scratch / each) == "bytes of " + each);
    CHECK(content(*store, each) == "bytes of " + each);
  }
  // Nothing is a pattern for another name.
  put(*store, "a", "another");
  CHECK(content(*store, "[a]") == "bytes of [a]");
  CHECK_THROWS_AS(put(*store, "[a]", "other"), AtomicFile::Conflict);
  store->remove(name("[a]"));
  store->remove(name("*"));
  std::set<std::string> listed;
  store->list("", [&](const Name& each) { return listed.insert(each.text()).second; });
  std::set<std::string> left = names;
  left.erase("[a]");
  left.erase("*");
  left.insert("a");
  CHECK(listed == left);
  for (const std::string taken : {"*", "[a]", "?"}) CHECK_FALSE(content(*store, taken) == "another");
}

TEST_CASE("to an rsync daemon paths are data, whatever is in them") {
  const Scratch scratch;
  for (const std::string path : {"with space", "it's", "-n", "%41", "\xC3\xA4", "a:b", "$HOME;#"}) {
    CAPTURE(path);
    fs::create_directory(scratch / path);
    const auto store = open_there(scratch / path);
    put(*store, "a", path);
    CHECK(text_of(scratch / path / "a") == path);
    CHECK(content(*store, "a") == path);
  }
}

TEST_CASE("over rsync a file of yesterday has no living writer") {
  const Scratch scratch;
  const auto store = open_there(scratch / "");
  fs::last_write_time(scratch.write("old", ""), fs::file_time_type::clock::now() - std::chrono::hours(25));
  scratch.write("young", "");
  CHECK_FALSE(store->has_living_writer(name("old")));
  CHECK(store->has_living_writer(name("young")));
  CHECK_FALSE(store->has_living_writer(name("missing")));
}

TEST_CASE("a place that no rsync could reach is refused before anything is run") {
  for (const std::string place :
       {"rsync://", "rsync:///files", "rsync://host", "rsync://host/", "rsync://-oX/files",
        "rsync://-u@host/files", "rsync://user@/files", "rsync://@host/files", "rsync://user@-h/files",
        "rsync://a b/files", "rsync://:1/files", "rsync://host/files/a\nb", "rsync://host/-files",
        "rsync://host/files/../x", "rsync://host/files/*", "rsync://host/files/[a]",
        "rsync://host/files/a\\b", "rsync://user:password@host/files", "/files"}) {
    CAPTURE(place);
    const Failure failure = failure_of([&] { return open_over_rsync(place, quick(), {}); });
    CHECK(failure.code == Exit::usage);
    CHECK_FALSE(failure.mentions("user:password"));
  }
}

TEST_CASE("files of an rsync daemon have the mode that was asked for") {
  const Scratch scratch;
  for (const mode_t mode : {0600, 0640}) {
    put(*open_there(scratch / "", "files", {mode, 0700}), fmt::format("file{:o}", mode), "x");
    struct stat status {};
    REQUIRE(::stat((scratch / fmt::format("file{:o}", mode)).c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == mode);
  }
}

TEST_CASE("an rsync daemon that cannot be reached says why") {
  const Failure refused =
      failure_of([&] { return open_over_rsync("rsync://127.0.0.1:1/files", quick(), {}); });
  CHECK(refused.code == Exit::failed);
  CHECK(refused.mentions("open rsync://127.0.0.1:1/files: "));
  CHECK(refused.mentions("onnection refused"));
  Remote remote = quick();
  remote.rsync = "/missing/rsync";
  const Failure missing = failure_of([&] { return open_over_rsync(rsyncd().place("/tmp"), remote, {}); });
  CHECK(missing.mentions("rsync cannot be run"));
}

TEST_CASE("a daemon that never answers is given up") {
  const LoopbackSocket silent;
  REQUIRE(::listen(silent.number(), 5) == 0);
  Remote remote = quick();
  remote.timeout = std::chrono::seconds(1);
  const auto start = std::chrono::steady_clock::now();
  const std::string place = fmt::format("rsync://127.0.0.1:{}/files", silent.port());
  const Failure failure = failure_of([&] { return open_over_rsync(place, remote, {}); });
  CHECK(failure.code == Exit::failed);
  CHECK(failure.mentions("timeout"));
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));
}

TEST_CASE("nothing is left where files wait for rsync") {
  const Scratch scratch;
  const Scratch waiting;
  Remote remote = quick();
  remote.temporary_directory = waiting / "";
  const auto store = open_over_rsync(rsyncd().place(scratch / ""), remote, {});
  put(*store, "a", "x");
  const auto source = store->open(name("a"));
  std::byte one;
  CHECK(source->read({&one, 1}) == 1);
  { store->create(name("b"))->write(as_bytes("half")); }
  CHECK(fs::is_empty(waiting / ""));
}
