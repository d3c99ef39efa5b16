#include "common/wal/stored_name.h"

#include <doctest/doctest.h>

#include "tests/unit/wal_samples.h"

using namespace pitr;
using namespace pitr::wal_samples;

TEST_CASE("a stored name tells its WAL file and its codec, and is made of nothing else") {
  for (const std::string_view text :
       {"000000010000000000000007", "00000002.history", "000000010000000000000007.partial",
        "000000010000000000000007.00000028.backup"}) {
    for (const Codec codec : all_codecs()) {
      const Name name(wal_name(text), suffix(codec));
      CAPTURE(name.text());
      const auto stored = stored_name(name);
      REQUIRE(stored);
      CHECK(stored->wal == wal_name(text));
      CHECK(stored->codec == codec);
      CHECK(stored->name() == name);
      const bool is_segment = stored->wal.kind() == WalKind::segment;
      CHECK(stored_segment(name) == (is_segment ? std::optional(stored->wal) : std::nullopt));
    }
  }
}

TEST_CASE("a foreign name is no stored WAL") {
  const std::string_view others[] = {"000000010000000000000007.zstd",
                                     "000000010000000000000007.gz.gz",
                                     "000000010000000000000007.",
                                     "000000010000000000000007gz",
                                     "0000000100000000000000070",
                                     "00000001000000000000000",
                                     "000000010000000000000007.GZ",
                                     "000000000000000000000007.gz",
                                     "00000001000000000000000a",
                                     "x000000010000000000000007",
                                     "pitr-archive.id",
                                     "a",
                                     "gz",
                                     "00000002.history.",
                                     "00000002.history.zstd",
                                     "00000000.history",
                                     "000000010000000000000007.gz.partial",
                                     "000000010000000000000007.gz.tmp",
                                     "000000010000000000000007.bak"};
  for (const std::string_view text : others) {
    CAPTURE(text);
    CHECK_FALSE(stored_name(Name::parse(text).value()));
    CHECK_FALSE(stored_segment(Name::parse(text).value()));
  }
}
