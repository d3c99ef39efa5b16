#include "common/postgres/wal.h"

#include <doctest/doctest.h>
#include <fmt/core.h>

using namespace pitr;

namespace {

constexpr std::uint64_t megabyte = 1024 * 1024;
constexpr std::uint64_t one_id = 0x100000000;  // bytes of WAL that share the eight middle digits

SegmentSize size_of(std::uint64_t megabytes) { return SegmentSize::of(megabytes * megabyte).value(); }

}  // namespace

TEST_CASE("a segment size is a power of two from 1 MB to 1 GB") {
  for (std::uint64_t megabytes = 1; megabytes <= 1024; megabytes *= 2) {
    const auto size = SegmentSize::of(megabytes * megabyte);
    REQUIRE(size);
    CHECK(size->bytes() == megabytes * megabyte);
    CHECK(size->segments_per_id() * size->bytes() == one_id);
  }
  const std::uint64_t bad[] = {0,
                               1,
                               16,
                               megabyte / 2,
                               megabyte - 1,
                               megabyte + 1,
                               3 * megabyte,
                               16 * megabyte + 8192,
                               1023 * megabyte,
                               1025 * megabyte,
                               2048 * megabyte,
                               one_id,
                               one_id + megabyte,
                               1ULL << 63,
                               UINT64_MAX};
  for (const std::uint64_t bytes : bad) {
    CAPTURE(bytes);
    CHECK_FALSE(SegmentSize::of(bytes));
  }
}

TEST_CASE("an LSN is read and printed as PostgreSQL does") {
  struct Row {
    std::string_view text;
    std::uint64_t value;
    std::string_view printed;
  };
  const Row good[] = {
      {"0/0", 0, "0/0"},
      {"0/3000148", 0x3000148, "0/3000148"},
      {"3C/A0000028", 0x3CA0000028, "3C/A0000028"},
      {"3c/a0000028", 0x3CA0000028, "3C/A0000028"},
      {"1/0", one_id, "1/0"},
      {"0/FFFFFFFF", one_id - 1, "0/FFFFFFFF"},
      {"FFFFFFFF/FFFFFFFF", UINT64_MAX, "FFFFFFFF/FFFFFFFF"},
      {"00000001/00000002", one_id + 2, "1/2"},
  };
  for (const Row& row : good) {
    CAPTURE(row.text);
    const auto lsn = parse_lsn(row.text);
    REQUIRE(lsn);
    CHECK(lsn->value == row.value);
    CHECK(to_string(*lsn) == row.printed);
  }
  const std::string_view bad[] = {
      "",      "/",           "0",           "0/",          "/0",          "0/0/0",
      "0//0",  "000000000/0", "0/000000000", "100000000/0", "0/100000000", "-1/0",
      "0/-1",  "+1/0",        "0/+1",        "0x1/0",       "0/0x1",       " 0/0",
      "0/0 ",  "0 /0",        "0/ 0",        "G/0",         "0/G",         "0\\0",
      "0/0\n", "0.5/0",       "1/2h"};
  for (const std::string_view text : bad) {
    CAPTURE(text);
    CHECK_FALSE(parse_lsn(text));
  }
  CHECK_FALSE(parse_lsn(std::string_view("0/0\0", 4)));
}

TEST_CASE("the name of every file that PostgreSQL archives is taken and says its kind and timeline") {
  struct Row {
    std::string_view text;
    WalKind kind;
    std::uint32_t timeline;
  };
  const Row rows[] = {
      {"000000010000000000000007", WalKind::segment, 1},
      {"0000000A00000ABCDEF00000", WalKind::segment, 10},
      {"FFFFFFFFFFFFFFFFFFFFFFFF", WalKind::segment, 0xFFFFFFFF},
      {"000000010000000000000000", WalKind::segment, 1},
      {"000000010000000000000007.partial", WalKind::partial, 1},
      {"00000002.history", WalKind::history, 2},
      {"FFFFFFFF.history", WalKind::history, 0xFFFFFFFF},
      {"000000010000000000000007.00000028.backup", WalKind::backup, 1},
      {"0000000200000000000000FF.00FFFFFF.backup", WalKind::backup, 2},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto name = WalName::parse(row.text);
    REQUIRE(name);
    CHECK(name->text() == row.text);
    CHECK(name->kind() == row.kind);
    CHECK(number(name->timeline()) == row.timeline);
  }
}

TEST_CASE("what is no name of a WAL file is not taken for one") {
  const std::string_view bad[] = {
      "",
      ".",
      "..",
      "7",
      "00000001000000000000000",    // 23 digits
      "0000000100000000000000070",  // 25
      "00000001000000000000000G",
      "00000001000000000000000a",  // lower case
      "0000000a.history",
      "000000000000000000000007",  // timeline 0
      "00000000.history",
      "000000000000000000000007.partial",
      "000000000000000000000007.00000028.backup",
      " 000000010000000000000007",
      "000000010000000000000007 ",
      "000000010000000000000007\n",
      "-00000010000000000000007",
      "+00000010000000000000007",
      "0x0000010000000000000007",
      "/000000010000000000000007",
      "pg_wal/000000010000000000000007",
      "../0000001000000000000007",
      "000000010000000000000007.",
      "000000010000000000000007.gz",
      "000000010000000000000007.zst",
      "000000010000000000000007.Partial",
      "000000010000000000000007.partial.gz",
      "000000010000000000000007.partial ",
      "000000010000000000000007partial",
      "000000010000000000000007.tmp.0",
      "000000010000000000000007.ready",
      "0000001.history",
      "000000002.history",
      "00000002.History",
      "00000002.histor",
      "00000002.history.gz",
      "00000002history1",
      "000000010000000000000007.history",
      "000000010000000000000007.backup",
      "000000010000000000000007.0000028.backup",
      "000000010000000000000007.000000028.backup",
      "000000010000000000000007.0000002g.backup",
      "000000010000000000000007.00000028.backup.gz",
      "000000010000000000000007-00000028.backup",
      "000000010000000000000007.00000028-backup",
      "RECOVERYXLOG",
      "RECOVERYHISTORY",
      "pitr-archive.id",
  };
  for (const std::string_view text : bad) {
    CAPTURE(text);
    CHECK_FALSE(WalName::parse(text));
  }
  CHECK_FALSE(WalName::parse(std::string_view("00000001000000000000000\0", 24)));
  CHECK_FALSE(WalName::parse(std::string_view("000000010000000000000007\0", 25)));
  CHECK_FALSE(
      WalName::parse("\xC4\x90"
                     "0000010000000000000007"));
  CHECK_FALSE(WalName::parse(std::string(1 << 20, '1')));
}

TEST_CASE("the middle digits of a name count up where a segment ends at 0x100000000") {
  for (std::uint64_t megabytes = 1; megabytes <= 1024; megabytes *= 2) {
    CAPTURE(megabytes);
    const SegmentSize size = size_of(megabytes);
    const auto name_at = [&](std::uint64_t lsn) {
      return WalName::segment(Timeline{1}, Lsn{lsn}, size).text();
    };
    const auto last = fmt::format("0000000100000000{:08X}", one_id / size.bytes() - 1);
    CHECK(name_at(one_id - size.bytes()) == last);
    CHECK(name_at(one_id - 1) == last);
    CHECK(name_at(one_id) == "000000010000000100000000");
    CHECK(name_at(one_id + size.bytes() - 1) == "000000010000000100000000");
    CHECK(name_at(one_id + size.bytes()) == "000000010000000100000001");
    CHECK(name_at(UINT64_MAX) == fmt::format("00000001FFFFFFFF{:08X}", one_id / size.bytes() - 1));
  }
}

TEST_CASE("a name gives back where its segment starts, whatever the segment size") {
  for (std::uint64_t megabytes = 1; megabytes <= 1024; megabytes *= 2) {
    const SegmentSize size = size_of(megabytes);
    const std::uint64_t positions[] = {
        0, 1, size.bytes(), one_id - 1, one_id, 5 * one_id + 3 * size.bytes() + 77, UINT64_MAX};
    for (const std::uint64_t position : positions) {
      CAPTURE(megabytes);
      CAPTURE(position);
      const WalName name = WalName::segment(Timeline{3}, Lsn{position}, size);
      const Lsn start{position - position % size.bytes()};
      CHECK(WalName::parse(name.text()) == name);
      CHECK(name.start(size) == start);
      CHECK(size.start_of_segment(Lsn{position}) == start);
      // The other files of this segment start there, too.
      CHECK(WalName::parse(name.text() + ".partial")->start(size) == start);
      CHECK(WalName::parse(name.text() + ".00000028.backup")->start(size) == start);
    }
  }
}

TEST_CASE("a name that cannot exist with the segment size starts nowhere") {
  for (std::uint64_t megabytes = 1; megabytes <= 1024; megabytes *= 2) {
    CAPTURE(megabytes);
    const SegmentSize size = size_of(megabytes);
    const std::uint64_t per_id = size.segments_per_id();
    CHECK(WalName::parse(fmt::format("0000000100000000{:08X}", per_id - 1))->start(size));
    CHECK_FALSE(WalName::parse(fmt::format("0000000100000000{:08X}", per_id))->start(size));
    CHECK_FALSE(WalName::parse("0000000100000000FFFFFFFF")->start(size));
  }
  CHECK(WalName::parse("00000001000000000000003F")->start(size_of(64)));
  CHECK_FALSE(WalName::parse("000000010000000000000040")->start(size_of(64)));
}

TEST_CASE("a history file has a timeline and no start") {
  const WalName name = WalName::history(Timeline{0x2A});
  CHECK(name.text() == "0000002A.history");
  CHECK(name.kind() == WalKind::history);
  CHECK(name.timeline() == Timeline{0x2A});
  CHECK_FALSE(name.start(size_of(16)));
  CHECK(WalName::parse(name.text()) == name);
}

TEST_CASE("names of one timeline are in the order of their positions") {
  const SegmentSize size = size_of(16);
  std::optional<WalName> last;
  for (const std::uint64_t position : {0x1000000ULL, 0x9000000ULL, 0xA000000ULL, 0xF000000ULL, 0x10000000ULL,
                                       0xFF000000ULL, 0x100000000ULL, 0xFFFF00000000ULL}) {
    const WalName name = WalName::segment(Timeline{1}, Lsn{position}, size);
    if (last) CHECK(*last < name);
    last = name;
  }
}
