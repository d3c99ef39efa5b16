#include "common/wal/put_wal.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include <doctest/doctest.h>

#include "common/os/signals.h"
#include "common/wal/marker.h"
#include "tests/unit/failure.h"
#include "tests/unit/scratch.h"
#include "tests/unit/wal_samples.h"

using namespace pitr;
using namespace pitr::wal_samples;

namespace {

constexpr std::string_view seventh = "000000010000000000000007";
constexpr std::string_view seventh_gz = "000000010000000000000007.gz";

struct Archive {
  Scratch scratch;
  std::shared_ptr<Store> store = open_directory(scratch / "", {});

  static OriginalWal original(const std::string& bytes) {
    return {wal_name(seventh), "pg_wal/7",
            [&bytes] { return std::make_unique<MemorySource>(as_bytes(bytes)); }};
  }
  // What somebody else does before the name is given comes in between.
  Failure put(
      const std::string& bytes, const std::function<void()>& meanwhile = [] {}) const {
    return failure_of([&] {
      const auto sink = put_wal(store, Codec::none, original(bytes));
      if (!sink) return;
      sink->write(as_bytes(bytes));
      sink->prepare();
      meanwhile();
      sink->finish();
    });
  }
  std::string files() const {
    std::vector<std::string> names;
    store->list("", [&](const Name& name) {
      if (name != marker()) names.push_back(name.text());
      return true;
    });
    std::ranges::sort(names);
    std::string text;
    for (const std::string& name : names) text += name + " ";
    return text;
  }
};

const std::string bytes = "the WAL";
const std::string other_bytes = "the wal";

}  // namespace

TEST_CASE("a WAL file is put where it is not, and once") {
  const Archive archive;
  CHECK(archive.put(bytes).message == "");
  CHECK(text_of(archive.scratch / seventh) == bytes);
  CHECK_FALSE(put_wal(archive.store, Codec::none, Archive::original(bytes)));
  CHECK_FALSE(put_wal(archive.store, Codec::zstd, Archive::original(bytes)));
  CHECK(archive.files() == std::string(seventh) + " ");
}

TEST_CASE("a WAL file with other content is left alone, whatever its suffix, and both are named") {
  for (const Codec codec : {Codec::none, Codec::gzip}) {
    const Archive archive;
    const std::string file = std::string(seventh) + std::string(suffix(codec));
    archive.scratch.write(file, stored_as(codec, other_bytes));
    const Failure failure = archive.put(bytes);
    CHECK(failure.code == Exit::failed);
    CHECK(failure.message == fmt::format("{} exists with other content than pg_wal/7 and is left alone",
                                         (archive.scratch / file).native()));
    // What an earlier call has put there is not read again.
    CHECK(has_wal(*archive.store, Archive::original(bytes), Content::known));
    CHECK(archive.files() == file + " ");
  }
}

TEST_CASE("when another archiver is faster, its file is compared") {
  const Archive same;
  CHECK(same.put(bytes, [&] { same.scratch.write(seventh, bytes); }).message == "");
  CHECK(same.files() == std::string(seventh) + " ");
  const Archive other;
  CHECK(other.put(bytes, [&] { other.scratch.write(seventh, other_bytes); }).mentions("other content"));
  CHECK(text_of(other.scratch / seventh) == other_bytes);
  CHECK(other.files() == std::string(seventh) + " ");
}

TEST_CASE("of two archivers with different suffixes one stores the file") {
  const Archive archive;
  write_marker(*archive.store, {our_cluster, segment_size()});
  const auto faster = [&] { archive.scratch.write(seventh_gz, stored_as(Codec::gzip, bytes)); };
  CHECK(archive.put(bytes, faster).message == "");
  CHECK(archive.files() == std::string(seventh_gz) + " ");
}

TEST_CASE("the name is given under the lock of the marker") {
  const Archive archive;
  write_marker(*archive.store, {our_cluster, segment_size()});
  std::atomic<bool> holds = true;
  std::thread holder;
  Fd lock = archive.store->lock(marker());
  std::string files_when_let_go;
  CHECK(archive
            .put(bytes,
                 [&] {
                   holder = std::thread([&] {
                     pause_for(0.05);
                     files_when_let_go = archive.files();
                     holds = false;
                     lock.close();
                   });
                 })
            .message == "");
  holder.join();
  CHECK_FALSE(holds);
  CHECK(files_when_let_go == "");
  CHECK(archive.files() == std::string(seventh) + " ");
}
