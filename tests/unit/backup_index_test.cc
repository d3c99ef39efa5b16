#include "common/backup_index.h"

#include <sstream>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "common/digest.h"

using namespace pitr;

namespace {

std::vector<nlohmann::json> lines_of(const std::string& text) {
  std::vector<nlohmann::json> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

}  // namespace

TEST_CASE("an index tells where members and blocks lie, one JSON object per line") {
  std::string text;
  StringSink sink(text);
  BackupIndexWriter index(sink);
  index.add({.part = SetPart::data, .path = "main/base/5/1259", .header = 1536, .data = 2048, .size = 9216});
  index.add({.part = SetPart::xlog, .path = "main/pg_wal/\"T\344\"", .header = 0, .data = 512, .size = 0});
  index.add("db1-data.tar.zst", {.stored_offset = 10,
                                 .stored_size = 9,
                                 .raw_offset = 1048576,
                                 .raw_size = 70000,
                                 .bytes = as_bytes("123456789")});
  index.add({.name = "db1-data.tar.zst", .codec = Codec::zstd, .size = 19, .sha256 = "00ff"});
  index.finish();
  CHECK(text.back() == '\n');

  const auto lines = lines_of(text);
  REQUIRE(lines.size() == 5);
  CHECK(lines[0] == nlohmann::json{{"kind", "index"}, {"version", 1}});
  CHECK(lines[1] == nlohmann::json{{"kind", "member"},
                                   {"set", "data"},
                                   {"path", "main/base/5/1259"},
                                   {"header", 1536},
                                   {"data", 2048},
                                   {"size", 9216}});
  CHECK(lines[2] == nlohmann::json{{"kind", "member"},
                                   {"set", "xlog"},
                                   {"encoded_path", "6d61696e2f70675f77616c2f2254e422"},
                                   {"header", 0},
                                   {"data", 512},
                                   {"size", 0}});
  // The CRC-32C of "123456789" is E3069283, the check value of the algorithm.
  CHECK(lines[3] == nlohmann::json{{"kind", "block"},
                                   {"file", "db1-data.tar.zst"},
                                   {"stored_offset", 10},
                                   {"stored_size", 9},
                                   {"raw_offset", 1048576},
                                   {"raw_size", 70000},
                                   {"crc32c", "839206e3"}});
  CHECK(lines[4] == nlohmann::json{{"kind", "file"},
                                   {"name", "db1-data.tar.zst"},
                                   {"codec", "zstd"},
                                   {"size", 19},
                                   {"sha256", "00ff"}});
}

TEST_CASE("offsets beyond 4 GiB keep all their digits") {
  std::string text;
  StringSink sink(text);
  BackupIndexWriter index(sink);
  index.add({.part = SetPart::data,
             .path = "x",
             .header = 18446744073709551103U,
             .data = 18446744073709551615U,
             .size = 0});
  index.finish();
  CHECK(lines_of(text).at(1)["data"] == 18446744073709551615U);
}

TEST_CASE("a long index is written on the way, in whole lines") {
  std::string text;
  StringSink sink(text);
  BackupIndexWriter index(sink);
  for (std::uint64_t i = 0; i < 10000; ++i) {
    index.add({.part = SetPart::data, .path = "main/base/5/1259", .header = i, .data = i, .size = i});
    if (i == 5000) CHECK(text.size() > 300'000);
  }
  CHECK(text.back() == '\n');
  index.finish();
  CHECK(lines_of(text).size() == 10001);
}
