#include "common/postgres/wal_page.h"

#include <functional>

#include <doctest/doctest.h>

#include "tests/unit/wal_samples.h"

using namespace pitr;
using wal_samples::bytes_of;
using wal_samples::Header;

namespace {

std::optional<WalPageHeader> parse(std::string_view bytes) { return parse_wal_page_header(as_bytes(bytes)); }

Header with(const std::function<void(Header&)>& change) {
  Header header;
  change(header);
  return header;
}

}  // namespace

TEST_CASE("the header of a segment's first page is read field by field") {
  // The first 40 bytes of 000000010000000000000007, as PostgreSQL 15 wrote them on an x86-64.
  constexpr char bytes[] =
      "\x10\xD1\x02\x00\x01\x00\x00\x00\x00\x00\x00\x07\x00\x00\x00\x00"
      "\x0A\x00\x00\x00\x00\x00\x00\x00\xC5\x13\x10\x43\x9E\x27\x03\x6B"
      "\x00\x00\x00\x01\x00\x20\x00\x00";
  const auto header = parse({bytes, sizeof bytes - 1});
  REQUIRE(header);
  CHECK(header->magic == 0xD110);
  CHECK(header->flags == 2);
  CHECK(header->timeline == Timeline{1});
  CHECK(to_string(header->page_address) == "0/7000000");
  CHECK(header->system_identifier == 7711050547671864261);
  CHECK(header->segment_size.bytes() == 16 * 1024 * 1024);
  CHECK(header->block_size == 8192);
}

TEST_CASE("headers with every possible flag, segment size and block size are taken") {
  for (const int flags : {2, 3, 6, 7, 0xA, 0xB, 0xE, 0xF}) {
    CHECK(parse(bytes_of(with([&](Header& h) { h.flags = static_cast<std::uint16_t>(flags); }))));
  }
  for (std::uint32_t size = 1 << 20; size <= 1 << 30; size *= 2) {
    const auto header = parse(bytes_of(with([&](Header& h) { h.segment_size = size; })));
    REQUIRE(header);
    CHECK(header->segment_size.bytes() == size);
  }
  for (std::uint32_t size = 1024; size <= 65536; size *= 2) {
    CHECK(parse(bytes_of(with([&](Header& h) { h.block_size = size; }))));
  }
  // The magic is not judged: a newer major must not stop archiving.
  CHECK(parse(bytes_of(with([](Header& h) { h.magic = 0xD1FF; }))));
  CHECK(parse(bytes_of({}) + "and the rest of the page"));
}

TEST_CASE("what is no header of a segment's first page is not taken for one") {
  struct Row {
    std::string_view what;
    std::string bytes;
  };
  const std::string good = bytes_of({});
  const Row rows[] = {
      {"nothing", ""},
      {"one byte", "\x10"},
      {"a short header", good.substr(0, 24)},
      {"one byte too few", good.substr(0, 39)},
      {"zeros", std::string(40, '\0')},
      {"all bits", std::string(40, '\xFF')},
      {"text", "START WAL LOCATION: 0/2000028 (file 000000010000000000000002)"},
      {"no long header", bytes_of(with([](Header& h) { h.flags = 0; }))},
      {"a continued record, no long header", bytes_of(with([](Header& h) { h.flags = 1; }))},
      {"an unknown flag", bytes_of(with([](Header& h) { h.flags = 0x12; }))},
      {"an unknown high flag", bytes_of(with([](Header& h) { h.flags = 0x8002; }))},
      {"the bytes of another byte order", bytes_of(with([](Header& h) { h.flags = 0x0200; }))},
      {"timeline 0", bytes_of(with([](Header& h) { h.timeline = 0; }))},
      {"no segment size", bytes_of(with([](Header& h) { h.segment_size = 0; }))},
      {"half a megabyte", bytes_of(with([](Header& h) { h.segment_size = 1 << 19; }))},
      {"two gigabytes", bytes_of(with([](Header& h) { h.segment_size = 1U << 31; }))},
      {"no power of two", bytes_of(with([](Header& h) { h.segment_size = 3 << 20; }))},
      {"no block size", bytes_of(with([](Header& h) { h.block_size = 0; }))},
      {"a block of 512", bytes_of(with([](Header& h) { h.block_size = 512; }))},
      {"a block of 128 kB", bytes_of(with([](Header& h) { h.block_size = 1 << 17; }))},
      {"a block of 8191", bytes_of(with([](Header& h) { h.block_size = 8191; }))},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    CHECK_FALSE(parse(row.bytes));
  }
}

TEST_CASE("the magic of every known major is known, and no other") {
  struct Row {
    int magic;
    std::string_view major;
  };
  const Row rows[] = {{0xD093, "9.6"}, {0xD097, "10"}, {0xD098, "11"}, {0xD101, "12"}, {0xD106, "13"},
                      {0xD10D, "14"},  {0xD110, "15"}, {0xD113, "16"}, {0xD116, "17"}, {0xD118, "18"},
                      {0, ""},         {0xD092, ""},   {0xD102, ""},   {0xD111, ""},   {0x10D1, ""},
                      {0xD1FF, ""},    {0xFFFF, ""}};
  for (const Row& row : rows) {
    CAPTURE(row.magic);
    CHECK(major_of_wal_magic(static_cast<std::uint16_t>(row.magic)) == row.major);
  }
}
