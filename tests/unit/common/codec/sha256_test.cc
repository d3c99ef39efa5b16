#include "common/codec/sha256.h"

#include <doctest/doctest.h>

#include "common/codec/digest.h"

using namespace pitr;

TEST_CASE("SHA-256 of what came in pieces is that of the whole") {
  Sha256 empty;
  CHECK(empty.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  Sha256 abc;
  abc.update(as_bytes("a"));
  abc.update(as_bytes(""));
  abc.update(as_bytes("bc"));
  CHECK(abc.hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");

  const std::string much(1'000'003, 'x');
  Sha256 one;
  Digest other("SHA-256");
  one.update(as_bytes(much));
  other.update(as_bytes(much));
  CHECK(one.hex() == other.hex());
}
