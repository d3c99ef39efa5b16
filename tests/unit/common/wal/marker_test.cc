#include "common/wal/marker.h"

#include <doctest/doctest.h>

#include "tests/unit/failure.h"
#include "tests/unit/scratch.h"
#include "tests/unit/wal_samples.h"

using namespace pitr;
using namespace pitr::wal_samples;

namespace {

namespace fs = std::filesystem;

constexpr std::string_view seventh = "000000010000000000000007";

struct Archive {
  Scratch scratch;
  std::unique_ptr<Store> store = open_directory(scratch / "", {});
  void put(std::string_view name, std::string_view bytes) const { scratch.write(name, bytes); }
};

Failure failure_of_archive(const Archive& archive, std::optional<std::uint64_t> cluster) {
  return failure_of([&] { require_archive_of(*archive.store, cluster); });
}

}  // namespace

TEST_CASE("a marker that was written is read back") {
  const Archive archive;
  CHECK_FALSE(read_marker(*archive.store));
  for (const std::uint64_t identifier : {std::uint64_t{1}, our_cluster, UINT64_MAX}) {
    fs::remove(archive.scratch / "pitr-archive.id");
    const ClusterIdentity identity{identifier, segment_size(64 * megabyte)};
    write_marker(*archive.store, identity);
    CHECK(read_marker(*archive.store) == identity);
  }
  CHECK(text_of(archive.scratch / "pitr-archive.id") ==
        "System-Identifier: 18446744073709551615\nSegment-Size: 67108864\n");
}

TEST_CASE("a marker is never replaced") {
  const Archive archive;
  write_marker(*archive.store, {1, segment_size()});
  CHECK_THROWS_AS(write_marker(*archive.store, {2, segment_size()}), AtomicFile::Conflict);
  CHECK(read_marker(*archive.store)->system_identifier == 1);
}

TEST_CASE("a marker may hold more lines than today's") {
  const Archive archive;
  for (const std::string text : {"System-Identifier: 5\nSegment-Size: 1048576\nComment: Segment-Size: 7\n",
                                 "Format: 2\nSegment-Size: 1048576\nSystem-Identifier: 5\n"}) {
    archive.put("pitr-archive.id", text);
    CHECK(read_marker(*archive.store) == ClusterIdentity{5, segment_size()});
  }
}

TEST_CASE("a file that is no marker is damage and says what to do") {
  const Archive archive;
  const std::string bad[] = {
      "",
      "\n",
      "System-Identifier: 5\n",
      "Segment-Size: 1048576\n",
      "System-Identifier: 5\nSegment-Size: 1048576",  // cut: it may have been longer
      "System-Identifier: \nSegment-Size: 1048576\n",
      "System-Identifier: x\nSegment-Size: 1048576\n",
      "System-Identifier: 5x\nSegment-Size: 1048576\n",
      "System-Identifier: -5\nSegment-Size: 1048576\n",
      "System-Identifier: +5\nSegment-Size: 1048576\n",
      "System-Identifier: 0x5\nSegment-Size: 1048576\n",
      "System-Identifier: 5 \nSegment-Size: 1048576\n",
      "System-Identifier:  5\nSegment-Size: 1048576\n",
      "System-Identifier: 5\r\nSegment-Size: 1048576\r\n",
      "System-Identifier: 18446744073709551616\nSegment-Size: 1048576\n",
      "System-Identifier: 5\nSegment-Size: 0\n",
      "System-Identifier: 5\nSegment-Size: 1\n",
      "System-Identifier: 5\nSegment-Size: 1000000\n",
      "System-Identifier: 5\nSegment-Size: 2147483648\n",
      "system-identifier: 5\nsegment-size: 1048576\n",
      "X-System-Identifier: 5\nSegment-Size: 1048576\n",
      "System-Identifier: 5 Segment-Size: 1048576\n",
      std::string(64, '\0'),
      "System-Identifier: 5\nSegment-Size: 1048576\n" + std::string(5000, '#'),
  };
  for (const std::string& text : bad) {
    CAPTURE(text);
    archive.put("pitr-archive.id", text);
    const Failure failure = failure_of([&] { return read_marker(*archive.store); });
    CHECK(failure.code == Exit::damaged);
    CHECK(failure.message == "read " + (archive.scratch / "pitr-archive.id").native() +
                                 ": not a marker of pitr-archive (remove it and run pitr-archive --init)");
  }
}

TEST_CASE("a marker behind a link is not believed") {
  const Archive archive;
  archive.put("elsewhere", "System-Identifier: 5\nSegment-Size: 1048576\n");
  fs::create_symlink("elsewhere", archive.scratch / "pitr-archive.id");
  CHECK(failure_of([&] { return read_marker(*archive.store); }).code == Exit::failed);
}

TEST_CASE("a place without a file is empty, whatever the file system keeps there") {
  const Archive archive;
  CHECK(is_empty_place(*archive.store));
  fs::create_directory(archive.scratch / "lost+found");
  fs::create_directory(archive.scratch / ".snapshot");
  archive.put("000000010000000000000007.tmp.0", "half");
  CHECK(is_empty_place(*archive.store));
  // With lost+found there the order of the listing must not matter.
  for (const std::string file :
       {"a", "z", "000000010000000000000007.zst", "pitr-archive.id", "lost+found.bak"}) {
    CAPTURE(file);
    archive.put(file, "");
    CHECK_FALSE(is_empty_place(*archive.store));
    fs::remove(archive.scratch / file);
  }
  fs::create_directory(archive.scratch / "directory");
  CHECK_FALSE(is_empty_place(*archive.store));
}

TEST_CASE("a marker says whose archive it is") {
  const Archive archive;
  write_marker(*archive.store, {our_cluster, segment_size()});
  CHECK(failure_of_archive(archive, our_cluster).message == "");
  CHECK(failure_of_archive(archive, std::nullopt).message == "");
  const Failure failure = failure_of_archive(archive, 42);
  CHECK(failure.code == Exit::failed);
  CHECK(failure.mentions("holds the WAL of cluster 7711050547671864261, not of 42"));
}

TEST_CASE("the marker decides, not the segments beside it") {
  const Archive archive;
  write_marker(*archive.store, {our_cluster, segment_size()});
  archive.put(seventh, segment_named(seventh, 42));
  CHECK(failure_of_archive(archive, our_cluster).message == "");
  CHECK(failure_of_archive(archive, 42).code == Exit::failed);
}

TEST_CASE("without a marker a segment says whose archive it is, in whatever codec") {
  for (const Codec codec : all_codecs()) {
    CAPTURE(name(codec));
    const Archive archive;
    archive.put("00000002.history", "1\t0/700148\tx\n");
    archive.put(std::string(seventh) + std::string(suffix(codec)), stored_as(codec, segment()));
    CHECK(failure_of_archive(archive, our_cluster).message == "");
    CHECK(failure_of_archive(archive, std::nullopt).message == "");
    CHECK(
        failure_of_archive(archive, 42).mentions("holds the WAL of cluster 7711050547671864261, not of 42"));
  }
}

TEST_CASE("a place that does not say whose it is is no archive") {
  struct Row {
    std::string name, bytes;
  };
  const Row rows[] = {
      {"file", "x"},
      {"00000002.history", "1\t0/700148\tx\n"},
      {"000000010000000000000007.partial", segment()},
      {"000000010000000000000007.zstd", stored_as(Codec::zstd, segment())},
      {"000000010000000000000007", ""},
      {"000000010000000000000007", "x"},
      {"000000010000000000000007", std::string(megabyte, '\0')},
  };
  const Archive empty;
  CHECK(failure_of_archive(empty, our_cluster).mentions("is its disk mounted?"));
  CHECK(failure_of_archive(empty, std::nullopt).code == Exit::failed);
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const Archive archive;
    archive.put(row.name, row.bytes);
    CHECK(failure_of_archive(archive, our_cluster)
              .mentions("neither a marker pitr-archive.id nor a WAL segment in it"));
    CHECK(failure_of_archive(archive, std::nullopt).code == Exit::failed);
  }
}

TEST_CASE("a damaged marker or segment proves nothing") {
  const Archive archive;
  archive.put(seventh, segment());
  archive.put("pitr-archive.id", "garbage");
  CHECK(failure_of_archive(archive, our_cluster).code == Exit::damaged);
  const Archive other;
  other.put("000000010000000000000007.zst", "garbage");
  CHECK(failure_of_archive(other, our_cluster).code == Exit::damaged);
}
