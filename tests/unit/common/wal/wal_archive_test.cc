#include "common/wal/wal_archive.h"

#include <algorithm>
#include <random>

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

  // "none gzip": the codecs in which the file was found
  std::string forms(std::string_view name, std::optional<Codec> only = {}) const {
    std::string text;
    for (const StoredWal& stored : find_wal(*store, wal_name(name), only)) {
      CHECK(stored.name == Name(wal_name(name), suffix(stored.codec)));
      CHECK(stored.source);
      text += (text.empty() ? "" : " ") + std::string(pitr::name(stored.codec));
    }
    return text;
  }
  StoredWal form(std::string_view name, Codec codec = Codec::none) const {
    auto found = find_wal(*store, wal_name(name), codec);
    REQUIRE(found.size() == 1);
    return std::move(found.front());
  }
  bool same(Codec codec, std::string_view original) const {
    MemorySource source(as_bytes(original));
    return same_content(*store, form(seventh, codec), source);
  }
};

}  // namespace

TEST_CASE("every stored form of a WAL file is found, and no other file") {
  const Archive archive;
  CHECK(archive.forms(seventh) == "");
  std::string all;
  for (const Codec codec : all_codecs()) {
    archive.put(std::string(seventh) + std::string(suffix(codec)), "");
    all += (all.empty() ? "" : " ") + std::string(name(codec));
  }
  for (const std::string other : {"000000010000000000000008", "000000010000000000000007.partial",
                                  "000000010000000000000007.zstd", "000000010000000000000007.zst.tmp.0"}) {
    archive.put(other, "");
  }
  CHECK(archive.forms(seventh) == all);
  CHECK(archive.forms(seventh, Codec::zstd) == "zstd");
  CHECK(archive.forms(seventh, Codec::none) == "none");
  CHECK(archive.forms("000000010000000000000008", Codec::zstd) == "");
  CHECK(archive.forms("000000010000000000000007.partial") == "none");
  CHECK(archive.forms("000000010000000000000009") == "");
}

TEST_CASE("what cannot be looked at is never a missing file") {
  const Archive archive;
  fs::create_symlink("nowhere", archive.scratch / (std::string(seventh) + ".zst"));
  const Failure failure = failure_of([&] { return find_wal(*archive.store, wal_name(seventh)); });
  CHECK(failure.code == Exit::failed);
  CHECK(failure.mentions("000000010000000000000007.zst"));
  CHECK(archive.forms(seventh, Codec::gzip) == "");
}

TEST_CASE("a stored segment is read back through its codec and its check") {
  const std::string bytes = segment();
  for (const Codec codec : all_codecs()) {
    CAPTURE(name(codec));
    const Archive archive;
    archive.put(std::string(seventh) + std::string(suffix(codec)), stored_as(codec, bytes));
    std::string got;
    const WalExpectation expected{wal_name(seventh), our_cluster, true, {}};
    read_wal(*archive.store, archive.form(seventh, codec), expected, std::make_unique<StringSink>(got));
    CHECK((got == bytes));
  }
}

TEST_CASE("a damaged, cut or foreign stored segment is refused, and the message names where it lies") {
  // Not compressible: in a run of one letter a changed bit may change nothing.
  std::string bytes = segment();
  std::mt19937 random(4711);
  for (std::size_t at = wal_page_header_size; at < bytes.size(); ++at)
    bytes[at] = static_cast<char>(random());
  for (const Codec codec : all_codecs()) {
    const std::string stored = stored_as(codec, bytes);
    std::string flipped = stored;
    flipped[flipped.size() / 2] = static_cast<char>(flipped[flipped.size() / 2] ^ 0x10);
    struct Row {
      std::string_view what;
      std::string stored;
    };
    std::vector<Row> rows = {
        {"nothing", ""},
        {"cut", stored.substr(0, stored.size() - 1)},
        {"cut in the middle", stored.substr(0, stored.size() / 2)},
        {"too long", stored_as(codec, bytes + "x")},
        {"too short", stored_as(codec, bytes.substr(1))},
        {"of another cluster", stored_as(codec, segment_named(seventh, 42))},
        {"of another place", stored_as(codec, segment_named("000000010000000000000008"))},
        {"not compressed", codec == Codec::none ? "x" : bytes},
    };
    // A format without checksum sees no damage; that is said in codec.h.
    if (codec != Codec::none && codec != Codec::lzma) rows.push_back({"damaged", flipped});
    for (const Row& row : rows) {
      CAPTURE(name(codec));
      CAPTURE(row.what);
      const Archive archive;
      const std::string file = std::string(seventh) + std::string(suffix(codec));
      archive.put(file, row.stored);
      std::string got;
      const WalExpectation expected{wal_name(seventh), our_cluster, true, {}};
      const Failure failure = failure_of([&] {
        read_wal(*archive.store, archive.form(seventh, codec), expected, std::make_unique<StringSink>(got));
      });
      CHECK(failure.code != Exit::done);
      CHECK(failure.message.starts_with("read " + (archive.scratch / file).native() + ": "));
    }
  }
}

TEST_CASE("the stored form is compared by its content, whatever its codec") {
  const std::string bytes = segment();
  std::string changed = bytes;
  changed.back() = 'x';
  std::string changed_first = bytes;
  changed_first.front() = 'x';
  for (const Codec codec : all_codecs()) {
    CAPTURE(name(codec));
    const Archive archive;
    archive.put(std::string(seventh) + std::string(suffix(codec)), stored_as(codec, bytes));
    CHECK(archive.same(codec, bytes));
    CHECK_FALSE(archive.same(codec, changed));
    CHECK_FALSE(archive.same(codec, changed_first));
    CHECK_FALSE(archive.same(codec, bytes.substr(0, bytes.size() - 1)));
    CHECK_FALSE(archive.same(codec, bytes + "x"));
    CHECK_FALSE(archive.same(codec, ""));
  }
}

TEST_CASE("an empty stored file is the same as an empty original only") {
  const Archive archive;
  archive.put(seventh, "");
  CHECK(archive.same(Codec::none, ""));
  CHECK_FALSE(archive.same(Codec::none, "x"));
}

TEST_CASE("a stored form that does not decompress is neither the same nor different") {
  const std::string bytes = segment();
  for (const Codec codec : all_codecs()) {
    if (codec == Codec::none) continue;
    CAPTURE(name(codec));
    const Archive archive;
    const std::string stored = stored_as(codec, bytes);
    archive.put(std::string(seventh) + std::string(suffix(codec)), stored.substr(0, stored.size() - 1));
    CHECK(failure_of([&] { return archive.same(codec, bytes); }).code == Exit::damaged);
  }
}
