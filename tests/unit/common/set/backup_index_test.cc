#include "common/set/backup_index.h"

#include <sstream>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "common/codec/crc32c.h"
#include "tests/unit/failure.h"

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
  index.flush();
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
  index.flush();
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
  index.flush();
  CHECK(lines_of(text).size() == 10001);
}

namespace {

const std::string header = "{\"kind\": \"index\", \"version\": 1}\n";

std::string block_line(std::string_view file, std::uint64_t stored, std::uint64_t raw) {
  return fmt::format(
      "{{\"kind\": \"block\", \"file\": \"{}\", \"stored_offset\": {}, \"stored_size\": 10, \"raw_offset\": "
      "{}, "
      "\"raw_size\": 100, \"crc32c\": \"0a1b2c3d\"}}\n",
      file, stored, raw);
}

std::string file_line(std::string_view name, std::uint64_t size) {
  return fmt::format(
      "{{\"kind\": \"file\", \"name\": \"{}\", \"codec\": \"zstd\", \"size\": {}, \"sha256\": \"00ff\"}}\n",
      name, size);
}

std::vector<IndexedFile> read_text(const std::string& text) {
  MemorySource source(as_bytes(text));
  return read_index(source);
}

}  // namespace

TEST_CASE("what an index tells comes back as it was written") {
  std::string text;
  StringSink sink(text);
  BackupIndexWriter index(sink);
  const Bytes bytes = as_bytes("123456789");
  index.add({.part = SetPart::xlog, .path = "main/pg_wal/\"T\344\"", .header = 0, .data = 512, .size = 7});
  index.add("db1.tar.zst",
            {.stored_offset = 0, .stored_size = 9, .raw_offset = 0, .raw_size = 70000, .bytes = bytes});
  index.add("db1.tar.zst",
            {.stored_offset = 9, .stored_size = 4, .raw_offset = 70000, .raw_size = 5, .bytes = bytes});
  index.add({.name = "db1.tar.zst", .codec = Codec::zstd, .size = 13, .sha256 = "00ff"});
  index.flush();

  std::vector<IndexedMember> members;
  MemorySource source(as_bytes(text));
  const auto files = read_index(source, [&](const IndexedMember& member) { members.push_back(member); });
  REQUIRE(members.size() == 1);
  CHECK(members[0].part == SetPart::xlog);
  CHECK(members[0].path == "main/pg_wal/\"T\344\"");
  CHECK(members[0].size == 7);
  REQUIRE(files.size() == 1);
  CHECK(files[0].name == "db1.tar.zst");
  CHECK(files[0].codec == Codec::zstd);
  CHECK(files[0].sha256 == "00ff");
  REQUIRE(files[0].blocks.size() == 2);
  CHECK(files[0].blocks[0].crc32c == crc32c(0, bytes));
  CHECK(files[0].blocks[1].stored_offset == 9);
  CHECK(files[0].blocks[1].raw_offset == 70000);
}

TEST_CASE("kinds and keys of a later version are left out, a later version itself is not guessed at") {
  CHECK(read_text(header + "{\"kind\": \"colour\", \"is\": [1, {}]}\n" + block_line("a", 0, 0) +
                  file_line("a", 10))
            .size() == 1);
  const Failure failure = failure_of([&] { return read_text("{\"kind\": \"index\", \"version\": 2}\n"); });
  CHECK(failure.code == Exit::failed);
  CHECK(failure.mentions("version 2"));
}

TEST_CASE("a damaged index is refused, and says where") {
  struct Row {
    std::string text, reason;
  };
  for (const Row& row :
       {Row{"", "empty"}, Row{file_line("a", 10), "header"}, Row{header + "{\"kind\": \"block\"", "cut off"},
        Row{header + "nonsense\n", "line 2"},
        Row{header + "{\"kind\": \"file\", \"name\": \"a\"}\n", "codec"},
        Row{header + block_line("a", 0, 0), "not told to its end"},
        Row{header + block_line("a", 0, 0) + file_line("a", 11), "not told to its end"},
        Row{header + "{\"kind\": \"file\", \"name\": \"a\", \"codec\": \"gzip\", \"size\": 1e300, "
                     "\"sha256\": \"00\"}\n",
            "1e+300"},
        Row{header + "{\"kind\": \"file\", \"name\": \"a\", \"codec\": \"gzip\", \"size\": -1, \"sha256\": "
                     "\"00\"}\n",
            "-1"},
        Row{header + block_line("a", 1, 0), "does not follow"},
        Row{header + block_line("a", 0, 0) + block_line("a", 10, 99), "does not follow"},
        Row{header + block_line("a", 0, 0) + block_line("a", 20, 100), "does not follow"}}) {
    const Failure failure = failure_of([&] { return read_text(row.text); });
    CAPTURE(failure.message);
    CHECK(failure.code == Exit::damaged);
    CHECK(failure.mentions(row.reason));
  }
}
