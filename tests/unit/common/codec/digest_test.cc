#include "common/codec/digest.h"

#include <vector>

#include <doctest/doctest.h>

#include "tests/unit/failure.h"

using namespace pitr;

TEST_CASE("every digest that OmniPITR's users know gives the known result") {
  struct Row {
    std::string_view algorithm, of_nothing, of_abc;
  };
  const Row rows[] = {
      {"MD5", "d41d8cd98f00b204e9800998ecf8427e", "900150983cd24fb0d6963f7d28e17f72"},
      {"SHA-1", "da39a3ee5e6b4b0d3255bfef95601890afd80709", "a9993e364706816aba3e25717850c26c9cd0d89d"},
      {"SHA-256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
       "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"SHA-384",
       "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b",
       "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"},
      {"SHA-512",
       "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
       "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
       "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
       "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.algorithm);
    CHECK(Digest(row.algorithm).hex() == row.of_nothing);
    Digest digest(row.algorithm);
    digest.update(as_bytes("a"));
    digest.update({});
    Digest moved = std::move(digest);
    moved.update(as_bytes("bc"));
    CHECK(moved.hex() == row.of_abc);
  }
  CHECK(sha256_hex(as_bytes("abc")) == rows[2].of_abc);
}

TEST_CASE("an unknown digest is a usage error that names the known ones") {
  for (const std::string name :
       {"", "MD4", "md5", "SHA256", "sha-256", "SHA-224", "SHA-256 ", "SHA-2566", "MD5,SHA-1"}) {
    CAPTURE(name);
    const Failure failure = failure_of([&] { Digest{name}; });
    CHECK(failure.code == Exit::usage);
    CHECK(failure.message ==
          fmt::format("unknown digest {} (known: MD5, SHA-1, SHA-256, SHA-384, SHA-512)", name));
  }
}
