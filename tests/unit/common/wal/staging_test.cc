#include "common/wal/staging.h"

#include <sys/stat.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "tests/unit/companion.h"
#include "tests/unit/failure.h"
#include "tests/unit/scratch.h"

using namespace pitr;

namespace fs = std::filesystem;

TEST_CASE("a staging directory is live while its backup runs and gone afterwards") {
  const Scratch scratch;
  const auto path = scratch / "staging";
  CHECK(staging_state(path) == StagingState::missing);
  {
    const Staging staging(path, 0700);
    CHECK(staging_state(path) == StagingState::live);
    CHECK(staging.is_complete());
    scratch.write("staging/000000010000000000000007", "WAL");
    fs::create_directories(path / "somebody's/directory");
  }
  CHECK(staging_state(path) == StagingState::missing);
  CHECK_FALSE(fs::exists(path));
}

TEST_CASE("another process sees the backup run, and a second backup is refused") {
  const Scratch scratch;
  const auto path = scratch / "staging";
  Companion backup([&] { return std::make_unique<Staging>(path, 0700); });
  CHECK(staging_state(path) == StagingState::live);
  scratch.write("staging/000000010000000000000007", "WAL");
  const Failure failure = failure_of([&] { Staging(path, 0700); });
  CHECK(failure.code == Exit::failed);
  CHECK(failure.mentions("another backup is running in it"));
  CHECK(fs::exists(path / "000000010000000000000007"));
  CHECK(staging_state(path) == StagingState::live);
}

TEST_CASE("what a killed backup left is stale and is replaced by the next one") {
  const Scratch scratch;
  const auto path = scratch / "staging";
  Companion backup([&] { return std::make_unique<Staging>(path, 0700); });
  scratch.write("staging/000000010000000000000007", "WAL");
  mark_staging_incomplete(path);
  backup.kill();
  CHECK(staging_state(path) == StagingState::stale);
  const Staging staging(path, 0700);
  CHECK(staging_state(path) == StagingState::live);
  CHECK(staging.is_complete());
  CHECK_FALSE(fs::exists(path / "000000010000000000000007"));
}

TEST_CASE("a standing staging directory is nobody's to remove") {
  const Scratch scratch;
  const auto path = scratch / "staging";
  fs::create_directory(path);
  scratch.write("staging/000000010000000000000007", "WAL");
  CHECK(staging_state(path) == StagingState::standing);
  CHECK(failure_of([&] { Staging(path, 0700); }).mentions("it exists"));
  CHECK(fs::exists(path / "000000010000000000000007"));
  CHECK(staging_state(path) == StagingState::standing);
}

TEST_CASE("a backup learns that a segment is missing") {
  const Scratch scratch;
  const auto path = scratch / "staging";
  const Staging staging(path, 0700);
  mark_staging_incomplete(path);
  CHECK_FALSE(staging.is_complete());
  mark_staging_incomplete(path);  // once is enough
  CHECK_FALSE(staging.is_complete());
  CHECK(staging_state(path) == StagingState::live);
}

TEST_CASE("a staging directory and its files are as open as asked for, whatever the umask") {
  const Scratch scratch;
  for (const mode_t mask : {0, 022, 077}) {
    for (const mode_t mode : {0700, 0750}) {
      CAPTURE(mask);
      CAPTURE(mode);
      const auto path = scratch / "staging";
      Companion backup([&] {
        ::umask(mask);
        return std::make_unique<Staging>(path, mode);
      });
      CHECK(mode_of(path) == mode);
      CHECK(mode_of(path / "pitr-base.lock") == (mode & 0666));
      CHECK(mode_of(path / "complete") == (mode & 0666));
      backup.kill();
      fs::remove_all(path);
    }
  }
}

TEST_CASE("a backup that cannot have its staging directory leaves nothing") {
  const Scratch scratch;
  CHECK(
      failure_of([&] { Staging(scratch / "missing/staging", 0700); }).mentions("no such file or directory"));
  const auto file = scratch.write("file", "precious");
  CHECK(failure_of([&] { Staging(file, 0700); }).code == Exit::failed);
  CHECK(text_of(file) == "precious");
  // Out of descriptors when it comes to its files: a directory without its lock would be a standing one.
  const auto path = scratch / "staging";
  for (int spare = 0; spare < 3; ++spare) {
    CAPTURE(spare);
    const Outcome outcome = in_child([&] {
      std::vector<Fd> descriptors;
      const auto take_all = [&] {
        for (;;) descriptors.push_back(open_file("/dev/null", O_RDONLY));
      };
      failure_of([&] {
        take_all();
        return 0;
      });
      descriptors.resize(descriptors.size() - static_cast<std::size_t>(spare));
      return failure_of([&] { Staging(path, 0700); }).mentions("too many open files") ? 0 : 1;
    });
    const bool is_enough = outcome.status != 0;
    CHECK((is_enough || !fs::exists(path)));
    CHECK((spare > 0 || !is_enough));
    fs::remove_all(path);
  }
}
