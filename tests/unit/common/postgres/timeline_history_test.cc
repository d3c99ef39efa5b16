#include "common/postgres/timeline_history.h"

#include <doctest/doctest.h>

#include "tests/unit/failure.h"
#include "tests/unit/scratch.h"

using namespace pitr;

namespace {

// "1@0/3000148 2@0/5000000"
std::string parsed(std::string_view text, std::uint32_t timeline = 9) {
  std::string result;
  for (const TimelineSwitch& ancestor : parse_timeline_history(WalName::history(Timeline{timeline}), text)) {
    if (!result.empty()) result += ' ';
    result += fmt::format("{}@{}", number(ancestor.timeline), to_string(ancestor.end));
  }
  return result;
}

}  // namespace

TEST_CASE("a timeline history names the ancestors and where each was left") {
  struct Row {
    std::string_view text, ancestors;
  };
  const Row rows[] = {
      {"1\t0/3000148\tno recovery target specified\n", "1@0/3000148"},
      // PostgreSQL copies the parent's history and puts an empty line before its own.
      {"1\t0/3000148\tno recovery target specified\n\n2\t0/5000000\tbefore 2024-01-01 00:00:00+00\n",
       "1@0/3000148 2@0/5000000"},
      {"1\t0/3000148\tx\n3\t0/3000148\tx\n8\tA/0\tx\n", "1@0/3000148 3@0/3000148 8@A/0"},
      // 2 was left before it had left 1: a recovery along 2 to an earlier moment.
      {"1\t0/4000000\tx\n2\t0/3016098\tx\n", "1@0/4000000 2@0/3016098"},
      {"# a comment\n\n1\t0/3000148\n", "1@0/3000148"},
      {"  # a comment\n1 0/3000148 x\n", "1@0/3000148"},
      {"  1   0/3000148\n", "1@0/3000148"},
      {"1\t0/3000148\tx\r\n2\t0/4000000\r\n", "1@0/3000148 2@0/4000000"},
      {"1\t0/3000148\treason with # and\ttabs\n", "1@0/3000148"},
      {"1\t0/3000148\tx\n\n\n\n", "1@0/3000148"},
      {"1\t0/3000148\tx\n# the end", "1@0/3000148"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(parsed(row.text) == row.ancestors);
  }
}

TEST_CASE("a damaged timeline history is refused, with the line") {
  struct Row {
    std::string_view text, message;
  };
  const Row rows[] = {
      {"", "names no ancestor"},
      {"\n", "names no ancestor"},
      {"\n\n \t\n", "names no ancestor"},
      {"# nothing but a comment\n", "names no ancestor"},
      {"x\n", "line 1: no timeline ID"},
      {"1x\t0/3000148\n", "line 1: no timeline ID"},
      {"-1\t0/3000148\n", "line 1: no timeline ID"},
      {"+1\t0/3000148\n", "line 1: no timeline ID"},
      {"0x1\t0/3000148\n", "line 1: no timeline ID"},
      {"0\t0/3000148\n", "line 1: no timeline ID"},
      {"4294967297\t0/3000148\n", "line 1: no timeline ID"},
      {"99999999999999999999\t0/3000148\n", "line 1: no timeline ID"},
      {"1.5\t0/3000148\n", "line 1: no timeline ID"},
      {"1\n", "line 1: no switch point"},
      {"1\t\n", "line 1: no switch point"},
      {"1\tno recovery target specified\n", "line 1: no switch point"},
      {"1\t3000148\n", "line 1: no switch point"},
      {"1\t0/\n", "line 1: no switch point"},
      {"1\t0/3000148x\n", "line 1: no switch point"},
      {"1\t0/123456789\n", "line 1: no switch point"},
      {"1,0/3000148\n", "line 1: no timeline ID"},
      {"9\t0/3000148\tx\n", "line 1: a timeline that is not an ancestor"},
      {"10\t0/3000148\tx\n", "line 1: a timeline that is not an ancestor"},
      {"1\t0/3000148\tx\n1\t0/4000000\tx\n", "line 2: timelines do not ascend"},
      {"# c\n3\t0/3000148\tx\n\n2\t0/4000000\tx\n", "line 4: timelines do not ascend"},
      // Cut off: 0/300 would be another switch point.
      {"1\t0/300", "line 1: cut off"},
      {"1\t0/3000148", "line 1: cut off"},
      {"1\t0/3000148\tno recov", "line 1: cut off"},
      {"1\t0/3000148\tx\n\n2\t0/50000", "line 3: cut off"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const Failure failure = failure_of([&] { parsed(row.text); });
    CHECK(failure.code == Exit::damaged);
    CHECK(failure.message.starts_with("timeline history 00000009.history"));
    CHECK(failure.message.ends_with(row.message));
  }
  CHECK(failure_of([] { parsed(std::string(100, '\0')); }).code == Exit::damaged);
}

TEST_CASE("every timeline below the file's own may be an ancestor") {
  CHECK(parsed("4294967294\t0/1\tx\n", 0xFFFFFFFF) == "4294967294@0/1");
  CHECK(parsed("1\t0/1\tx\n", 2) == "1@0/1");
  CHECK(failure_of([] { parsed("1\t0/1\tx\n", 1); }).code == Exit::damaged);
}
