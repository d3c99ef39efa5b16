#include <sys/stat.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "tests/unit/scratch.h"
#include "tests/unit/store_suite.h"

using namespace pitr;

namespace {

namespace fs = std::filesystem;

class DirectoryPlace final : public StorePlace {
 public:
  std::unique_ptr<Store> open() override { return open_directory(directory(), {}); }
};

}  // namespace

TEST_CASE("a directory is a store") {
  store_suite([] { return std::make_unique<DirectoryPlace>(); });
}

TEST_CASE("a missing directory is never created: its disk is not mounted") {
  const Scratch scratch;
  const auto path = scratch / "missing";
  const Failure failure = failure_of([&] { return open_directory(path, {}); });
  CHECK(failure.code == Exit::failed);
  CHECK(failure.message == "open " + path.native() + ": no such directory (is its disk mounted?)");
  CHECK_FALSE(fs::exists(path));
  CHECK(failure_of([&] { return open_directory(scratch / "missing/below", {}); }).code == Exit::failed);
  CHECK(
      failure_of([&] { return open_directory(scratch.write("file", ""), {}); }).mentions("not a directory"));
}

TEST_CASE("a place is called the same with a slash at its end and without") {
  const Scratch scratch;
  fs::create_directory(scratch / "wal");
  const std::string path = (scratch / "wal").native();
  CHECK(open_directory(path, {})->describe() == path);
  CHECK(open_directory(path + "/", {})->describe() == path);
  CHECK(open_directory(path + "//", {})->describe() == path);
  CHECK(open_directory("/", {})->describe() == "/");
}

TEST_CASE("a directory may be named by a symbolic link") {
  const Scratch scratch;
  fs::create_directory(scratch / "real");
  fs::create_symlink("real", scratch / "link");
  open_directory(scratch / "link", {})->create(*Name::parse("file"))->finish();
  CHECK(fs::exists(scratch / "real/file"));
}

TEST_CASE("stored files have the mode that was asked for") {
  const Scratch scratch;
  for (const mode_t mode : {0600, 0640}) {
    const auto name = *Name::parse(fmt::format("file{:o}", mode));
    open_directory(scratch / "", {mode, 0700})->create(name)->finish();
    struct stat status {};
    REQUIRE(::stat((scratch / name.text()).c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == mode);
  }
}

TEST_CASE("a directory that cannot be looked into is an error, not an empty one") {
  const Scratch scratch;
  fs::permissions(scratch / "", fs::perms(0711));
  fs::create_directory(scratch / "closed");
  scratch.write("closed/file", "");
  const auto outcome_with_mode = [&](int mode) {
    fs::permissions(scratch / "closed", fs::perms(mode));
    return in_child([&] {
      // Permissions mean nothing to root.
      if (::geteuid() == 0 && ::seteuid(65534) != 0) return 9;
      const auto look = [&] { return open_directory(scratch / "closed", {})->open(*Name::parse("file")); };
      return failure_of(look).mentions("permission denied") ? 0 : 1;
    });
  };
  CHECK(outcome_with_mode(0700).status == (::geteuid() == 0 ? 0 : 1));
  CHECK(outcome_with_mode(0000).status == 0);
  CHECK(outcome_with_mode(0444).status == 0);  // names may be read, files not
}

TEST_CASE("a listing that cannot be read is an error") {
  const Scratch scratch;
  fs::create_directory(scratch / "place");
  const auto store = open_directory(scratch / "place", {});
  fs::remove(scratch / "place");
  CHECK(failure_of([&] { store->list("", [](const Name&) { return true; }); }).code == Exit::failed);
}

TEST_CASE("in a directory that was removed nothing is absent") {
  const Scratch scratch;
  fs::create_directory(scratch / "place");
  const auto store = open_directory(scratch / "place", {});
  CHECK_FALSE(store->open(*Name::parse("a")));
  fs::remove(scratch / "place");
  CHECK(failure_of([&] { return store->open(*Name::parse("a")); }).mentions("the directory was removed"));
  CHECK(failure_of([&] { return store->modified(*Name::parse("a")); }).code == Exit::failed);
}

// As a lazy umount and another mount would do it.
TEST_CASE("a store is the directory that was opened, whatever gets its path") {
  const Scratch scratch;
  const Name old_name = *Name::parse("old"), new_name = *Name::parse("new");
  fs::create_directory(scratch / "place");
  scratch.write("place/old", "");
  const auto store = open_directory(scratch / "place", {});
  fs::rename(scratch / "place", scratch / "moved");
  fs::create_directory(scratch / "place");
  scratch.write("place/stranger", "");
  scratch.write("place/stranger.tmp.0", "");
  auto sink = store->create(new_name);
  sink->finish();
  CHECK(fs::exists(scratch / "moved/new"));
  CHECK(store->has_living_writer(new_name));
  sink.reset();
  store->sync(new_name);
  std::set<std::string> listed;
  store->list("", [&](const Name& name) { return listed.insert(name.text()).second; });
  CHECK(listed == std::set<std::string>{"new", "old"});
  store->remove(old_name);
  CHECK_FALSE(fs::exists(scratch / "moved/old"));
  store->remove_litter();
  CHECK(fs::exists(scratch / "place/stranger.tmp.0"));
  CHECK(std::distance(fs::directory_iterator(scratch / "place"), {}) == 2);
}
