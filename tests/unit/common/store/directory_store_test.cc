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
