#include "common/base/moment.h"

#include <doctest/doctest.h>

using namespace pitr;

TEST_CASE("a moment is a date and a time with an offset from UTC") {
  struct Row {
    const char* text;
    const char* moment;
  };
  for (const Row& row : {Row{"2026-11-22 14:03:00+01", "2026-11-22 13:03:00+00"},
                         Row{"2026-11-22T14:03:00Z", "2026-11-22 14:03:00+00"},
                         Row{"2026-11-22 14:03+01:30", "2026-11-22 12:33:00+00"},
                         Row{"2026-11-22 14:03:00.5-0330", "2026-11-22 17:33:00.5+00"},
                         Row{"2026-11-22 14:03:00.1234567 UTC", "2026-11-22 14:03:00.123456+00"},
                         Row{"2026-11-22 00:00:00+00", "2026-11-22 00:00:00+00"},
                         Row{"1969-12-31 23:59:59.9+00", "1969-12-31 23:59:59.9+00"}}) {
    CAPTURE(row.text);
    const auto moment = parse_moment(row.text);
    REQUIRE(moment);
    CHECK(moment_text(*moment) == row.moment);
  }
}

TEST_CASE("what is no moment is refused") {
  for (const char* text :
       {"", "now", "yesterday", "2026-11", "2026-13-01", "2026-11-32", "2026-11-22 14", "2026-11-22 14:60",
        "2026-11-22 25:00", "2026-11-22 14:03:00.", "2026-11-22 14:03:00+", "2026-11-22 14:03:00 CET",
        "2026-11-22 14:03:00+01 x", "22.11.2026", "-026-11-22", "2026-11-22 14:03:61"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_moment(text));
  }
}
