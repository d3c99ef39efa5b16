#include "common/set/backup_meta.h"

#include <doctest/doctest.h>

#include "common/codec/digest.h"
#include "tests/unit/failure.h"
#include "tests/unit/time_zone.h"

using namespace pitr;

namespace {

Meta example() {
  return {.min_xlog = *WalName::parse("000000010000003C00000028"),
          .started = 1785579072,
          .timezone = "CEST",
          .hostname = "db1",
          .state = SetState::complete,
          .label = "nightly",
          .from = BackupFrom::standby,
          .start = {0x3C28000028},
          .stop = {0x3C29000050},
          .checkpoint = {0x3C28000060},
          .start_time = 1785579073,
          .stop_time = 1785582672,
          .start_timeline = Timeline{1},
          .stop_timeline = Timeline{2},
          .system_identifier = 7532000000000000001,
          .server_version = "15.18",
          .segment_size = *SegmentSize::of(16 << 20),
          .data_directory = "/var/lib/postgresql/15/main",
          .raw_bytes = 123456789,
          .stored_bytes = 23456789,
          .bad_pages = 0};
}

// `text` with its last line made to fit again.
std::string with_digest(std::string text) {
  text.erase(text.rfind("SHA-256: "));
  return text + "SHA-256: " + sha256_hex(as_bytes(text)) + "\n";
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != text.npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("a meta file has OmniPITR's lines first and its digest last") {
  const FiveHoursBehind zone;  // its times are UTC
  const std::string body =
      "Min-Xlog: 000000010000003C00000028\n"
      "Started-epoch: 1785579072\n"
      "Timezone: CEST\n"
      "Hostname: db1\n"
      "Format: 1\n"
      "State: complete\n"
      "Label: nightly\n"
      "Backup-From: standby\n"
      "Start-LSN: 3C/28000028\n"
      "Stop-LSN: 3C/29000050\n"
      "Checkpoint-LSN: 3C/28000060\n"
      "Start-Time: 2026-08-01T10:11:13Z\n"
      "Stop-Time: 2026-08-01T11:11:12Z\n"
      "Start-Timeline: 1\n"
      "Stop-Timeline: 2\n"
      "System-Identifier: 7532000000000000001\n"
      "PostgreSQL-Version: 15.18\n"
      "Segment-Size: 16777216\n"
      "Data-Directory: /var/lib/postgresql/15/main\n"
      "Raw-Bytes: 123456789\n"
      "Stored-Bytes: 23456789\n"
      "Bad-Pages: 0\n";
  CHECK(format_meta(example()) == body + "SHA-256: " + sha256_hex(as_bytes(body)) + "\n");
}

TEST_CASE("a set that waits for WAL says so") {
  Meta meta = example();
  meta.state = SetState::waiting;
  meta.from = BackupFrom::primary;
  const std::string text = format_meta(meta);
  CHECK(text.find("\nState: waiting\n") != std::string::npos);
  CHECK(text.find("\nBackup-From: primary\n") != std::string::npos);
}

TEST_CASE("no value adds a line to a meta file") {
  Meta meta = example();
  meta.label = "a\nStop-LSN: 0/0\r\\n";
  const std::string text = format_meta(meta);
  CHECK(text.find("\nLabel: a\\nStop-LSN: 0/0\\r\\\\n\n") != std::string::npos);
  CHECK(text.find("\nStop-LSN: 0/0") == std::string::npos);
}

TEST_CASE("what a meta file tells comes back as it was written") {
  const FiveHoursBehind zone;
  Meta meta = example();
  meta.label = "a\nStop-LSN: 0/0\r\\n";
  const std::string text = format_meta(meta);
  const Meta read = parse_meta(text);
  CHECK(format_meta(read) == text);
  CHECK(read.label == meta.label);
  CHECK(read.start_time == meta.start_time);
  CHECK(read.segment_size == meta.segment_size);
  CHECK(read.format == 1);
}

TEST_CASE("a meta file with keys that are not known yet is read") {
  const std::string text = replaced(format_meta(example()), "Bad-Pages: 0\n", "Bad-Pages: 0\nColour: blue\n");
  CHECK(parse_meta(with_digest(text)).label == "nightly");
}

TEST_CASE("a damaged meta file is refused, and says what is wrong") {
  const std::string good = format_meta(example());
  struct Row {
    std::string text, reason;
  };
  for (const Row& row :
       {Row{"", "no line 'Min-Xlog'"}, Row{good.substr(0, good.size() - 1), "cut off"},
        Row{good.substr(0, good.find("Stop-LSN")), "no line 'SHA-256'"},
        Row{replaced(good, "Raw-Bytes: 123456789", "Raw-Bytes: 123456788"), "SHA-256 does not fit"},
        Row{with_digest(replaced(good, "Start-LSN: 3C/28000028", "Start-LSN: there")),
            "'Start-LSN: there' makes no sense"},
        Row{with_digest(replaced(good, "Start-Timeline: 1", "Start-Timeline: 0")),
            "'Start-Timeline: 0' makes no sense"},
        Row{with_digest(replaced(good, "Segment-Size: 16777216", "Segment-Size: 16777215")), "Segment-Size"},
        Row{with_digest(replaced(good, "Stop-Time: 2026-08-01T11:11:12Z", "Stop-Time: noon")), "Stop-Time"},
        Row{with_digest(replaced(good, "State: complete", "State: maybe")), "State"},
        Row{with_digest(replaced(good, "Bad-Pages: 0", "Bad-Pages: -1")), "Bad-Pages"},
        Row{with_digest(replaced(good, "Label: nightly\n", "")), "no line 'Label'"},
        Row{with_digest(replaced(good, "Min-Xlog: 000000010000003C00000028", "Min-Xlog: 00000002.history")),
            "Min-Xlog"}}) {
    const Failure failure = failure_of([&] { return parse_meta(row.text).started; });
    CAPTURE(failure.message);
    CHECK(failure.code == Exit::damaged);
    CHECK(failure.mentions(row.reason));
  }
}

TEST_CASE("a meta file of a newer format is no damage, but nothing to guess at") {
  const Failure failure = failure_of([&] {
    return parse_meta(with_digest(replaced(format_meta(example()), "Format: 1", "Format: 2"))).started;
  });
  CHECK(failure.code == Exit::failed);
  CHECK(failure.mentions("format 2"));
}

TEST_CASE("OmniPITR's four lines are a meta file, too") {
  const Meta meta = parse_meta(
      "Min-Xlog: 000000010000003C00000028\n"
      "Started-epoch: 1441788654\n"
      "Timezone: EDT\n"
      "Hostname: db1\n");
  CHECK(meta.format == 0);
  CHECK(meta.state == SetState::complete);
  CHECK(meta.start == Lsn{0x3C28000000});
  CHECK(meta.stop_time == 1441788654);
  CHECK(meta.system_identifier == 0);
}
