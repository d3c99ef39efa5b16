#include "restore/wal/removal.h"

#include <algorithm>
#include <vector>

#include <doctest/doctest.h>

#include "tests/unit/failure.h"
#include "tests/unit/scratch.h"
#include "tests/unit/wal_samples.h"

using namespace pitr;
using namespace pitr::wal_samples;

namespace {

namespace fs = std::filesystem;

struct Archive {
  Archive() {
    fs::create_directory(scratch / "wal");
    fs::create_directory(scratch / "tmp");
  }

  void put(std::initializer_list<std::string_view> names) const {
    for (const std::string_view name : names) scratch.write("wal/" + std::string(name), "");
  }
  // Removes what is older than `oldest_kept` and returns what went: "a b".
  std::string remove(std::string_view oldest_kept, int at_a_time = 1000) {
    removal.at_a_time = at_a_time;
    const auto before = names();
    const auto store = open_directory(scratch / "wal", {});
    Log log("pitr-test");
    log.set_file((scratch / "log").native());
    failure = failure_of([&] { remove_unneeded(*store, wal_name(oldest_kept), removal, log); });
    const auto after = names();
    std::vector<std::string> gone;
    std::ranges::set_difference(before, after, std::back_inserter(gone));
    std::string text;
    for (const std::string& name : gone) text += (text.empty() ? "" : " ") + name;
    return text;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const auto& entry : fs::directory_iterator(scratch / "wal"))
      result.push_back(entry.path().filename());
    std::ranges::sort(result);
    return result;
  }
  std::string seen() const { return (scratch / "seen").native(); }  // what the command wrote
  std::string log() const { return text_of(scratch / "log"); }

  Scratch scratch;
  Removal removal{3, {}, {}, scratch / "tmp"};
  Failure failure;
};

constexpr std::string_view kept = "000000010000000000000005";

}  // namespace

TEST_CASE("segments older than the oldest needed one go, in any codec and with their unfinished forms") {
  Archive archive;
  archive.put({"000000010000000000000001", "000000010000000000000002.gz", "000000010000000000000003.zst",
               "000000010000000000000004.partial", "000000010000000000000004.partial.lz4",
               "000000010000000000000005.bz2", "000000010000000000000005.partial",
               "000000010000000000000006.xz"});
  CHECK(archive.remove(kept) ==
        "000000010000000000000001 000000010000000000000002.gz 000000010000000000000003.zst "
        "000000010000000000000004.partial 000000010000000000000004.partial.lz4");
  CHECK(archive.failure.message == "");
}

TEST_CASE("the timeline does not matter") {
  Archive archive;
  archive.put({"000000010000000000000004", "000000020000000000000004", "000000090000000000000004",
               "000000010000000000000005", "000000020000000000000005", "000000010000000000000006"});
  CHECK(archive.remove("000000030000000000000005") ==
        "000000010000000000000004 000000020000000000000004 000000090000000000000004");
}

TEST_CASE("the oldest go first, whatever their timeline") {
  Archive archive;
  archive.put({"000000010000000000000004", "000000020000000000000001", "000000010000000000000002.gz",
               "000000030000000000000003", "000000010000000100000000"});
  CHECK(archive.remove("000000010000000200000000", 1) == "000000020000000000000001");
  CHECK(archive.remove("000000010000000200000000", 2) ==
        "000000010000000000000002.gz 000000030000000000000003");
  CHECK(archive.remove("000000010000000200000000", 2) == "000000010000000000000004 000000010000000100000000");
  CHECK(archive.remove("000000010000000200000000", 2) == "");
}

TEST_CASE("what is no segment stays, however old it looks") {
  Archive archive;
  archive.put({"00000001.history", "00000001.history.gz", "000000010000000000000001.00000028.backup",
               "000000010000000000000001.00000028.backup.zst", "pitr-archive.id",
               "000000010000000000000001.zstd", "000000010000000000000001.tmp.0",
               "000000010000000000000001.bak", "00000001000000000000000", "0000000100000000000000011",
               "000000000000000000000001", "00000001000000000000000a", "1", ".hidden"});
  CHECK(archive.remove("0000000100000000000000FF") == "");
  CHECK(archive.failure.message == "");
}

TEST_CASE("an oldest needed file that is no plain segment counts by its position") {
  Archive archive;
  archive.put({"000000010000000000000004", "000000010000000000000005"});
  CHECK(archive.remove("000000010000000000000005.00000028.backup") == "000000010000000000000004");
}

TEST_CASE("nothing goes while removal is paused") {
  Archive archive;
  archive.put({"000000010000000000000004"});
  archive.removal.pause_trigger = archive.scratch / "pause";
  archive.scratch.write("pause", "");
  CHECK(archive.remove(kept) == "");
  CHECK(archive.log().find("Removal is paused") != std::string::npos);
  fs::remove(archive.scratch / "pause");
  CHECK(archive.remove(kept) == "000000010000000000000004");
}

TEST_CASE("nothing at a time is nothing") {
  Archive archive;
  archive.put({"000000010000000000000004"});
  CHECK(archive.remove(kept, 0) == "");
}

TEST_CASE("what went is logged") {
  Archive archive;
  archive.put({"000000010000000000000004.gz"});
  archive.remove(kept);
  CHECK(archive.log().find(
            "000000010000000000000004.gz removed, the oldest needed is 000000010000000000000005") !=
        std::string::npos);
}

TEST_CASE("the command of the DBA sees each segment, uncompressed, before it goes") {
  Archive archive;
  for (const char* name : {"000000010000000000000003", "000000010000000000000004"}) {
    archive.scratch.write("wal/" + std::string(name) + ".gz", stored_as(Codec::gzip, segment_named(name)));
  }
  archive.removal.before_each = "cat pg_wal/* | wc -c >>" + archive.seen() + "; true";
  CHECK(archive.remove(kept) == "000000010000000000000003.gz 000000010000000000000004.gz");
  CHECK(text_of(archive.seen()) == "1048576\n1048576\n");
  CHECK(fs::is_empty(archive.scratch / "tmp"));
}

TEST_CASE("the command of the DBA gets the relative path as its last word") {
  Archive archive;
  archive.scratch.write("wal/000000010000000000000004", segment_named("000000010000000000000004"));
  archive.removal.before_each = "printf '%s|' >" + archive.seen() + " x";
  CHECK(archive.remove(kept) == "000000010000000000000004");
  CHECK(text_of(archive.seen()) == "x|pg_wal/000000010000000000000004|");
}

TEST_CASE("when the command fails for one, that one and all later ones stay") {
  Archive archive;
  for (const char* name :
       {"000000010000000000000002", "000000010000000000000003", "000000010000000000000004"}) {
    archive.scratch.write("wal/" + std::string(name), segment_named(name));
  }
  archive.removal.before_each = "test pg_wal/000000010000000000000003 !=";
  CHECK(archive.remove(kept) == "000000010000000000000002");
  CHECK(archive.failure.message == "");
  CHECK(archive.log().find("exit status 1; it stays") != std::string::npos);
  CHECK(fs::is_empty(archive.scratch / "tmp"));
}

TEST_CASE("a damaged segment is not given to the command and stays") {
  Archive archive;
  archive.put({"000000010000000000000004"});
  archive.removal.before_each = "echo >" + archive.seen();
  CHECK(archive.remove(kept) == "");
  CHECK(archive.failure.code == Exit::damaged);
  CHECK_FALSE(fs::exists(archive.seen()));
  CHECK(fs::is_empty(archive.scratch / "tmp"));
}

TEST_CASE("many segments do not sit in memory to find the oldest") {
  Archive archive;
  for (int i = 999; i >= 0; --i) archive.put({fmt::format("0000000100000000{:08X}.zst", i)});
  CHECK(archive.remove("0000000100000000000003E8", 3) ==
        "000000010000000000000000.zst 000000010000000000000001.zst 000000010000000000000002.zst");
}

TEST_CASE("where PostgreSQL does not know yet what it needs, nothing is unneeded") {
  const Scratch scratch;
  CHECK_FALSE(oldest_needed("000000000000000000000000", scratch / ""));
  CHECK(oldest_needed("000000020000000000000005", scratch / "")->text() == "000000020000000000000005");
  for (const std::string_view name :
       {"00000002.history", "x", "000000000000000000000005", "0000000100000000"}) {
    CAPTURE(name);
    CHECK(failure_of([&] { oldest_needed(std::string(name), scratch / ""); }).code == Exit::usage);
  }
  // No pg_control is looked at while the label is there.
  CHECK(failure_of([&] { oldest_needed("", scratch / ""); }).code == Exit::failed);
  scratch.write("backup_label", "START WAL LOCATION: 0/2000028\n");
  CHECK_FALSE(oldest_needed("", scratch / ""));
}
