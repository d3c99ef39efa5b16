#include "common/postgres/backup_label.h"

#include <doctest/doctest.h>

#include "tests/unit/failure.h"

using namespace pitr;

namespace {

const std::string label =
    "START WAL LOCATION: 1/3C000028 (file 00000002000000010000003C)\n"
    "CHECKPOINT LOCATION: 1/3C000060\n"
    "BACKUP METHOD: streamed\n"
    "BACKUP FROM: primary\n"
    "START TIME: 2024-01-01 00:00:00 UTC\n"
    "LABEL: START TIMELINE: 9\n"
    "START TIMELINE: 2\n";

// The label with `from` replaced by `to`.
std::string changed(std::string_view from, std::string_view to) {
  std::string text = label;
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("a backup label says where replay begins") {
  const BackupLabel parsed = parse_backup_label(label);
  CHECK(to_string(parsed.start) == "1/3C000028");
  CHECK(parsed.start_file.text() == "00000002000000010000003C");
  CHECK(to_string(parsed.checkpoint) == "1/3C000060");
  CHECK(parsed.timeline == Timeline{2});
  CHECK_FALSE(parsed.from_standby);
  CHECK(parse_backup_label(changed("FROM: primary", "FROM: standby")).from_standby);
}

TEST_CASE("the order of the lines and other lines do not matter") {
  const BackupLabel parsed = parse_backup_label(
      "X: 1\n\nBACKUP FROM: standby\nSTART TIMELINE: 1\nINCREMENTAL FROM LSN: 0/1\nCHECKPOINT LOCATION: "
      "0/2000060\n"
      "START WAL LOCATION: 0/2000028 (file 000000010000000000000002)");
  CHECK(to_string(parsed.start) == "0/2000028");
  CHECK(parsed.timeline == Timeline{1});
}

TEST_CASE("a backup label that does not parse is damage") {
  const std::string bad[] = {
      "",
      "\n",
      "garbage",
      std::string(100, '\0'),
      changed("START WAL LOCATION", "STOP WAL LOCATION"),
      changed("CHECKPOINT LOCATION", "CHECKPOINT"),
      changed("\nSTART TIMELINE", "\nSTART TIME LINE"),
      changed("BACKUP FROM", "BACKUP TO"),
      changed("START WAL LOCATION: ", "START WAL LOCATION:"),
      changed("START WAL LOCATION: ", " START WAL LOCATION: "),
      changed("1/3C000028", ""),
      changed("1/3C000028", "3C000028"),
      changed("1/3C000028", "1/3C000028x"),
      changed("1/3C000028", "1/3C0000280"),
      changed(" (file 00000002000000010000003C)", ""),
      changed(" (file 00000002000000010000003C)", " "),
      changed(" (file 00000002000000010000003C)", " (file"),
      changed(" (file 00000002000000010000003C)", " (file "),
      changed(" (file 00000002000000010000003C)", " (file 00000002000000010000003)"),
      changed(" (file 00000002000000010000003C)", " (file 00000002.history)"),
      changed(" (file 00000002000000010000003C)", " (file 00000000000000010000003C)"),
      changed(" (file 00000002000000010000003C)", " (file ../../../etc/passwd......)"),
      changed(" (file 00000002000000010000003C)", " (file 00000002000000010000003C0)"),
      changed(" (file 00000002000000010000003C)", " (file 00000002000000010000003C"),
      changed("1/3C000060", ""),
      changed("1/3C000060", "x"),
      changed("1/3C000060", "1/3C000060 "),
      changed("TIMELINE: 2\n", "TIMELINE: \n"),
      changed("TIMELINE: 2\n", "TIMELINE: 0\n"),
      changed("TIMELINE: 2\n", "TIMELINE: -2\n"),
      changed("TIMELINE: 2\n", "TIMELINE: x\n"),
      changed("TIMELINE: 2\n", "TIMELINE: 2x\n"),
      changed("TIMELINE: 2\n", "TIMELINE: 4294967296\n"),
  };
  for (const std::string& text : bad) {
    CAPTURE(text);
    const Failure failure = failure_of([&] { parse_backup_label(text); });
    CHECK(failure.code == Exit::damaged);
    CHECK(failure.message.starts_with("backup_label: "));
  }
}

TEST_CASE("a backup label whose lines contradict each other is damage") {
  const std::string bad[] = {
      // No segment size lets 1/3C000028 lie in these files.
      changed("00000002000000010000003C", "00000002000000000000003C"),
      changed("00000002000000010000003C", "00000003000000010000003C"),
  };
  for (const std::string& text : bad) {
    CAPTURE(text);
    CHECK(failure_of([&] { parse_backup_label(text); }).code == Exit::damaged);
  }
}

TEST_CASE("what a backup label lacks is named") {
  CHECK(failure_of([] { parse_backup_label(""); }).message == "backup_label: it has no START WAL LOCATION");
  CHECK(failure_of([] { parse_backup_label(changed("\nSTART TIMELINE", "\nX")); }).message ==
        "backup_label: it has no START TIMELINE");
}
