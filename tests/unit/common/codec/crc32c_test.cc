#include "common/codec/crc32c.h"

#include <doctest/doctest.h>

using namespace pitr;

TEST_CASE("CRC-32C gives the known results") {
  std::string ascending(32, '\0');
  for (std::size_t i = 0; i < 32; ++i) ascending[i] = static_cast<char>(i);
  struct Row {
    std::string bytes;
    std::uint32_t crc;
  };
  // RFC 3720, appendix B.4, and the check value of the algorithm.
  const Row rows[] = {
      {"", 0},
      {"123456789", 0xE3069283},
      {std::string(32, '\0'), 0x8A9136AA},
      {std::string(32, '\xFF'), 0x62A8AB43},
      {ascending, 0x46DD794E},
      {std::string(1, '\0'), 0x527D5351},
  };
  for (const Row& row : rows) CHECK(crc32c(0, as_bytes(row.bytes)) == row.crc);
}

TEST_CASE("a CRC goes on where an earlier one ended, at every point") {
  const std::string_view text = "123456789";
  for (std::size_t at = 0; at <= text.size(); ++at) {
    CHECK(crc32c(crc32c(0, as_bytes(text.substr(0, at))), as_bytes(text.substr(at))) == 0xE3069283);
  }
}

TEST_CASE("a CRC is printed as a manifest prints it: the lowest byte first") {
  CHECK(crc32c_hex(0xE3069283) == "839206e3");
  CHECK(crc32c_hex(0) == "00000000");
  CHECK(crc32c_hex(0x01) == "01000000");
  CHECK(crc32c_hex(0xFF000000) == "000000ff");
}
