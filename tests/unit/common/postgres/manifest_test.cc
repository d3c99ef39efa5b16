#include "common/postgres/manifest.h"

#include <time.h>

#include <cstdlib>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "common/codec/digest.h"
#include "tests/unit/failure.h"
#include "tests/unit/scratch.h"

using namespace pitr;

namespace {

const WalRange range{Timeline{1}, Lsn{0x2000028}, Lsn{0x2000120}};

std::string two_files(int major) {
  std::string text;
  StringSink sink(text);
  ManifestWriter manifest(sink, major, 7532000000000000001);
  manifest.add("backup_label", 229, 1785579072, 0x645cbeff);
  manifest.add("pg_tblspc/16385/PG_15_202209061/5/16386", 0, 0, 0);
  manifest.finish(std::span(&range, 1));
  return text;
}

std::string one_name(std::string_view name) {
  std::string text;
  StringSink sink(text);
  ManifestWriter manifest(sink, 15, 1);
  manifest.add(name, 1, 0, 0);
  manifest.finish({});
  return text;
}

}  // namespace

TEST_CASE("a manifest is byte for byte what PostgreSQL writes") {
  ::setenv("TZ", "XST+5", 1);  // a manifest has GMT wherever it is written
  ::tzset();
  const std::string body =
      "\"Files\": [\n"
      "{ \"Path\": \"backup_label\", \"Size\": 229, \"Last-Modified\": \"2026-08-01 10:11:12 GMT\", "
      "\"Checksum-Algorithm\": \"CRC32C\", \"Checksum\": \"ffbe5c64\" },\n"
      "{ \"Path\": \"pg_tblspc/16385/PG_15_202209061/5/16386\", \"Size\": 0, \"Last-Modified\": "
      "\"1970-01-01 00:00:00 GMT\", \"Checksum-Algorithm\": \"CRC32C\", \"Checksum\": \"00000000\" }\n"
      "],\n"
      "\"WAL-Ranges\": [\n"
      "{ \"Timeline\": 1, \"Start-LSN\": \"0/2000028\", \"End-LSN\": \"0/2000120\" }\n"
      "],\n";
  const std::string first = "{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n" + body;
  const std::string second =
      "{ \"PostgreSQL-Backup-Manifest-Version\": 2,\n\"System-Identifier\": 7532000000000000001,\n" + body;
  CHECK(two_files(13) == first + "\"Manifest-Checksum\": \"" + sha256_hex(as_bytes(first)) + "\"}\n");
  CHECK(two_files(16) == two_files(13));
  CHECK(two_files(17) == second + "\"Manifest-Checksum\": \"" + sha256_hex(as_bytes(second)) + "\"}\n");
  CHECK(two_files(18) == two_files(17));
  ::unsetenv("TZ");
  ::tzset();
}

TEST_CASE("names are escaped, and encoded when they are not UTF-8") {
  for (const std::string name : {"a\"b\\c", "tab\there", "T\303\244ble"}) {
    const auto json = nlohmann::json::parse(one_name(name));
    CHECK(json["Files"][0]["Path"] == name);
    CHECK_FALSE(json["Files"][0].contains("Encoded-Path"));
  }
  const auto json = nlohmann::json::parse(one_name("T\344ble"));
  CHECK(json["Files"][0]["Encoded-Path"] == "54e4626c65");
  CHECK_FALSE(json["Files"][0].contains("Path"));
}

TEST_CASE("a backup that crosses timelines has several WAL ranges") {
  std::string text;
  StringSink sink(text);
  ManifestWriter manifest(sink, 15, 1);
  const WalRange ranges[] = {{Timeline{2}, Lsn{0x3000000}, Lsn{0x100000050}},
                             {Timeline{1}, Lsn{0x2000028}, Lsn{0x3000000}}};
  manifest.finish(ranges);
  const auto json = nlohmann::json::parse(text);
  CHECK(json["Files"].empty());
  REQUIRE(json["WAL-Ranges"].size() == 2);
  CHECK(json["WAL-Ranges"][0]["Timeline"] == 2);
  CHECK(json["WAL-Ranges"][0]["End-LSN"] == "1/50");
  CHECK(json["WAL-Ranges"][1]["Start-LSN"] == "0/2000028");
}

TEST_CASE("a manifest of many files is written on the way, and its checksum is over all of it") {
  std::string text;
  StringSink sink(text);
  ManifestWriter manifest(sink, 17, 1);
  for (int i = 0; i < 10000; ++i) {
    manifest.add("base/5/" + std::to_string(i), 8192, 1785579072, static_cast<std::uint32_t>(i));
    if (i == 5000) CHECK(text.size() > 500'000);
  }
  manifest.finish(std::span(&range, 1));
  const auto json = nlohmann::json::parse(text);
  CHECK(json["Files"].size() == 10000);
  const std::string_view before(text.data(), text.find("\"Manifest-Checksum\""));
  CHECK(json["Manifest-Checksum"] == sha256_hex(as_bytes(before)));
}

namespace {

std::vector<ManifestFile> files_in(const std::string& text) {
  std::vector<ManifestFile> files;
  MemorySource source(as_bytes(text));
  read_manifest(source, [&](const ManifestFile& file) { files.push_back(file); });
  return files;
}

std::string with_own_checksum(std::string text) {
  text.erase(text.rfind("\"Manifest-Checksum\""));
  return text + "\"Manifest-Checksum\": \"" + sha256_hex(as_bytes(text)) + "\"}\n";
}

}  // namespace

TEST_CASE("what a manifest tells comes back as it was written") {
  for (const int major : {15, 17}) {
    const std::string text = two_files(major);
    const auto files = files_in(text);
    REQUIRE(files.size() == 2);
    CHECK(files[0].path == "backup_label");
    CHECK(files[0].size == 229);
    CHECK(files[0].algorithm == "CRC32C");
    CHECK(files[0].checksum == "ffbe5c64");
    CHECK(files[1].path == "pg_tblspc/16385/PG_15_202209061/5/16386");
    MemorySource source(as_bytes(text));
    const Manifest manifest = read_manifest(source, [](const ManifestFile&) {});
    CHECK(manifest.system_identifier.has_value() == (major == 17));
    CHECK(manifest.system_identifier.value_or(7532000000000000001) == 7532000000000000001);
    REQUIRE(manifest.ranges.size() == 1);
    CHECK(manifest.ranges[0].timeline == range.timeline);
    CHECK(manifest.ranges[0].start == range.start);
    CHECK(manifest.ranges[0].end == range.end);
  }
  CHECK(files_in(one_name("T\344st"))[0].path == "T\344st");
}

TEST_CASE("a manifest of PostgreSQL without checksums is read") {
  const std::string text = with_own_checksum(
      "{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n\"Files\": [\n"
      "{ \"Path\": \"PG_VERSION\", \"Size\": 3, \"Last-Modified\": \"2026-08-01 10:11:12 GMT\" }\n],\n"
      "\"WAL-Ranges\": [\n],\n\"Manifest-Checksum\": \"\"}\n");
  const auto files = files_in(text);
  REQUIRE(files.size() == 1);
  CHECK(files[0].algorithm == "NONE");
}

TEST_CASE("a damaged manifest is refused, and says what is wrong") {
  const std::string good = two_files(15);
  std::string flipped = good;
  flipped[good.find("229")] ^= 1;
  std::string no_size = good;
  no_size.replace(no_size.find("\"Size\": 229"), 11, "\"Site\": 229");
  struct Row {
    std::string text, reason;
  };
  for (const Row& row :
       {Row{"", "cut off"}, Row{good.substr(0, good.size() / 2), "cut off"}, Row{flipped, "own checksum"},
        Row{good + " ", "own checksum"}, Row{with_own_checksum(no_size), "not complete"},
        Row{with_own_checksum("{ [ \"Manifest-Checksum\""), "no JSON"}}) {
    const Failure failure = failure_of([&] { return files_in(row.text); });
    CAPTURE(failure.message);
    CHECK(failure.code == Exit::damaged);
    CHECK(failure.mentions(row.reason));
  }
}
