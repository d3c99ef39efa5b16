#include "monitor/status/threshold.h"
#include "common/base/number.h"

#include <limits>

#include <doctest/doctest.h>

using namespace pitr;

namespace {
constexpr double never = std::numeric_limits<double>::infinity();
}

TEST_CASE("a threshold is the range that raises no alarm") {
  struct Row {
    const char* text;
    double value;
    bool alarms;
  };
  constexpr Row rows[] = {
      {"10", 0, false},     {"10", 10, false},     {"10", 10.5, true},   {"10", -1, true},
      {"0", 0, false},      {"0", 1, true},        {"10:", 9.9, true},   {"10:", 10, false},
      {"10:", 1e18, false}, {"~:10", -99, false},  {"~:10", 11, true},   {"5:10", 4, true},
      {"5:10", 5, false},   {"5:10", 10, false},   {"5:10", 11, true},   {"@5:10", 4, false},
      {"@5:10", 5, true},   {"@5:10", 10, true},   {"@5:10", 11, false}, {"26h", 93600, false},
      {"26h", 93601, true}, {"1.5m", 90.5, true},  {"1K:", 1023, true},  {"1K:", 1024, false},
      {"15%:", 14, true},   {"2d", 172800, false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CAPTURE(row.value);
    const auto threshold = Threshold::parse(row.text);
    REQUIRE(threshold);
    CHECK(threshold->alarms(row.value) == row.alarms);
  }
}

TEST_CASE("what has never happened alarms, whatever the range") {
  for (const char* text : {"10", "10:", "~:10", "@5:10", "0:"}) {
    CAPTURE(text);
    CHECK(Threshold::parse(text)->alarms(never));
  }
}

TEST_CASE("what is no range is refused") {
  for (const char* text :
       {"",     ":",       "~:",   "~",   "@",   "@:",   "abc",    "10x",  "10 ", " 10", "1e3",
        "10:5", "5:10:15", "10,5", "nan", "inf", "0x10", "5h:10m", "10hh", "--1", "+1",  "10:~"}) {
    CAPTURE(text);
    CHECK_FALSE(Threshold::parse(text));
  }
}

TEST_CASE("a threshold is printed in plain numbers that read as the same") {
  struct Row {
    const char *text, *printed;
  };
  constexpr Row rows[] = {{"10", "10"},           {"0", "0"},         {"10:", "10:"},
                          {"0:", "0:"},           {"~:10", "~:10"},   {"5:10", "5:10"},
                          {"0:10", "10"},         {"@5:10", "@5:10"}, {"26h", "93600"},
                          {"1G:", "1073741824:"}, {"0.5s", "0.5"}};
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(Threshold::parse(row.text)->text() == row.printed);
    CHECK(Threshold::parse(row.printed)->text() == row.printed);
  }
}

TEST_CASE("numbers are printed without exponents and to the millisecond") {
  CHECK(number_text(0) == "0");
  CHECK(number_text(12) == "12");
  CHECK(number_text(0.0004) == "0");
  CHECK(number_text(1.23456) == "1.235");
  CHECK(number_text(5e12) == "5000000000000");
  CHECK(number_text(never) == "inf");
}
