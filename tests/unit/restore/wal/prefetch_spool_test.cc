#include "restore/wal/prefetch_spool.h"

#include <sys/stat.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "tests/unit/failure.h"
#include "tests/unit/scratch.h"
#include "tests/unit/wal_samples.h"

using namespace pitr;
using namespace pitr::wal_samples;

namespace {

namespace fs = std::filesystem;

const WalName seventh = wal_name("000000010000000000000007");
const WalName eighth = wal_name("000000010000000000000008");

struct Filled {
  Filled() : spool(scratch / "spool", our_cluster) { spool.create(); }

  // As the worker does it; returns the entry's path.
  fs::path put(const WalName& segment, std::string_view bytes) {
    scratch.write("spool/" + std::to_string(our_cluster) + "/loading", bytes);
    spool.keep(segment);
    for (const auto& file : fs::directory_iterator(spool.path())) {
      if (file.path().filename().native().starts_with(segment.text())) return file.path();
    }
    return {};
  }
  fs::path put(const WalName& segment) { return put(segment, segment_named(segment.text())); }

  // What would be handed over for the seventh segment: "" for nothing.
  std::string given() {
    const fs::path target = scratch / "RECOVERYXLOG";
    fs::remove(target);
    bool is_given = false;
    (void)failure_of([&] { is_given = spool.hand_over(seventh, target); });
    CHECK(is_given == fs::exists(target));
    return fs::exists(target) ? text_of(target) : "";
  }

  Scratch scratch;
  PrefetchSpool spool;
};

}  // namespace

TEST_CASE("a prefetched segment is handed over once, by its name, and is gone from the spool") {
  Filled filled;
  const fs::path entry = filled.put(seventh);
  filled.put(eighth);
  CHECK(filled.given() == segment_named(seventh.text()));
  CHECK_FALSE(fs::exists(entry));
  CHECK(filled.given() == "");
  CHECK(filled.spool.segments() == std::vector{eighth});
}

TEST_CASE("a symbolic link at %p is replaced by a prefetched segment, its victim untouched") {
  Filled filled;
  filled.put(seventh);
  filled.scratch.write("victim", "mine");
  fs::create_symlink(filled.scratch / "victim", filled.scratch / "link");
  CHECK(filled.spool.hand_over(seventh, filled.scratch / "link"));
  CHECK_FALSE(fs::is_symlink(filled.scratch / "link"));
  CHECK(text_of(filled.scratch / "victim") == "mine");
}

TEST_CASE("what is not what its name says is removed and not handed over") {
  const std::string good = segment_named(seventh.text());
  std::string flipped = good;
  flipped[megabyte / 2] ^= 1;
  struct Row {
    std::string what, bytes;
  };
  const Row rows[] = {
      {"one bit", flipped},
      {"cut", good.substr(0, megabyte / 2)},
      {"longer", good + "x"},
      {"nothing", ""},
      {"zeros, as after a power cut", std::string(megabyte, '\0')},
      {"zeros at its end", good.substr(0, megabyte - 4096) + std::string(4096, '\0')},
      {"another segment", segment_named(eighth.text())},
      {"another cluster", segment_named(seventh.text(), our_cluster + 1)},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    Filled filled;
    const fs::path entry = filled.put(seventh);
    std::ofstream(entry, std::ios::binary) << row.bytes;
    CHECK(filled.given() == "");
    CHECK_FALSE(fs::exists(entry));
  }
}

TEST_CASE("a file that fits its checksum and is no such segment of this cluster is not handed over") {
  const std::string whole = segment_named(seventh.text());
  for (const std::string& bytes :
       {segment_named(eighth.text()), segment_named(seventh.text(), our_cluster + 1),
        whole.substr(0, megabyte / 2), std::string(megabyte, '\0'), std::string()}) {
    Filled filled;
    const fs::path entry = filled.put(seventh, bytes);
    CHECK(filled.given() == "");
    CHECK_FALSE(fs::exists(entry));
  }
}

TEST_CASE(
    "links, directories and FIFOs in the spool are not handed over, and nothing behind a link is touched") {
  Filled filled;
  const fs::path entry = filled.put(seventh);
  fs::rename(entry, filled.scratch / "elsewhere");
  fs::create_symlink(filled.scratch / "elsewhere", entry);
  CHECK(filled.given() == "");
  CHECK(text_of(filled.scratch / "elsewhere") == segment_named(seventh.text()));
  fs::remove(entry);
  REQUIRE(::mkfifo(entry.c_str(), 0600) == 0);
  CHECK(filled.given() == "");
  fs::create_directory(entry);
  CHECK(filled.given() == "");
}

TEST_CASE("a spool of others, or one that is a link, is not used") {
  Filled filled;
  filled.put(seventh);
  const fs::path own = filled.spool.path();
  for (const fs::path& path : {own, own.parent_path()}) {
    fs::permissions(path, fs::perms(0777));
    CHECK(failure_of([&] { filled.spool.open(); }).mentions("others may write into it"));
    fs::permissions(path, fs::perms(0700));
    CHECK(filled.spool.open());
  }
  fs::rename(own, filled.scratch / "away");
  fs::create_directory_symlink(filled.scratch / "away", own);
  CHECK(failure_of([&] { filled.spool.open(); }).mentions("not a directory"));
  CHECK(failure_of([&] { filled.spool.create(); }).mentions("not a directory"));
}

TEST_CASE("a spool is only made below a directory that is there") {
  const Scratch scratch;
  PrefetchSpool spool(scratch / "missing/spool", our_cluster);
  CHECK_FALSE(spool.open());
  CHECK(failure_of([&] { spool.create(); }).mentions("missing: no such directory"));
  CHECK(fs::is_empty(scratch / ""));
}

TEST_CASE("it remembers what was asked for last, and how many segments in a row") {
  Filled filled;
  CHECK_FALSE(filled.spool.asked());
  filled.spool.remember(seventh);
  CHECK(filled.spool.asked() == PrefetchSpool::Asked{seventh, 1});
  for (int i = 0; i < 200; ++i) filled.spool.remember(eighth);
  CHECK(filled.spool.asked() == PrefetchSpool::Asked{eighth, 99});
  filled.spool.forget();
  CHECK_FALSE(filled.spool.asked());
  filled.spool.remember(seventh);
  CHECK(filled.spool.asked() == PrefetchSpool::Asked{seventh, 1});
  for (const char* torn : {"", "000000010000000000000007", "00000001000000000000000x 01\n", "\0\0\0"}) {
    filled.scratch.write("spool/" + std::to_string(our_cluster) + "/asked", torn);
    CHECK_FALSE(filled.spool.asked());
  }
}

TEST_CASE("removed, it takes nothing of others along") {
  Filled filled;
  filled.put(seventh);
  fs::create_directory(filled.scratch / "spool/4711");
  filled.spool.remove();
  CHECK_FALSE(fs::exists(filled.spool.path()));
  CHECK(fs::exists(filled.scratch / "spool/4711"));
  fs::remove(filled.scratch / "spool/4711");
  filled.spool.remove();
  CHECK_FALSE(fs::exists(filled.scratch / "spool"));
}
