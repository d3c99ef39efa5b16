#include "common/wal/oldest_wal.h"

#include <algorithm>
#include <set>
#include <vector>

#include <doctest/doctest.h>

#include "tests/unit/scratch.h"

using namespace pitr;

TEST_CASE("all old WAL is found, the oldest first, also when it is more than one look holds") {
  const Scratch scratch;
  for (int i = 0; i < 9000; ++i)
    scratch.write(fmt::format("00000001{:016X}{}", i, i % 2 == 0 ? "" : ".zst"), "");
  scratch.write("00000002.history", "");
  scratch.write("notes", "");
  const auto store = open_directory(scratch / "", {});
  for (const bool removing : {false, true}) {
    std::vector<std::string> found;
    for_each_wal_before(*store, fmt::format("{:016X}", 8999), [&](const StoredName& old) {
      found.push_back(old.wal.text());
      // Without the fsync of a store, nine thousand times.
      if (removing) std::filesystem::remove(scratch / old.name().text());
    });
    CHECK(found.size() == 8999);
    CHECK(std::ranges::is_sorted(found));
    CHECK(std::set(found.begin(), found.end()).size() == 8999);
  }
  int left = 0;
  store->list("", [&](const Name&) {
    ++left;
    return true;
  });
  CHECK(left == 3);
}
