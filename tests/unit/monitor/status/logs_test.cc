#include "monitor/status/logs.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include "common/codec/codec.h"

#include "tests/unit/failure.h"
#include "tests/unit/scratch.h"

using namespace pitr;

namespace {

using Clock = std::chrono::system_clock;

Clock::time_point at(std::time_t when) { return Clock::from_time_t(when); }

// A line of second `second` after 2026-11-22 10:00:00 UTC.
std::string line(int second, const char* level, const std::string& message) {
  return fmt::format("2026-11-22 {:02}:{:02}:{:02}.000000 +0000 : 42 : pitr-archive : {} : {}\n",
                     10 + second / 3600, second / 60 % 60, second % 60, level, message);
}
constexpr std::time_t start = 1795341600;  // 2026-11-22 10:00:00 UTC

LoggedErrors errors_in(const Scratch& scratch, const std::string& text, std::time_t from) {
  LoggedErrors errors;
  count_errors(scratch.write("log", text), at(from), errors);
  return errors;
}

}  // namespace

TEST_CASE("a line of a log is time, process, program, level and message") {
  const auto parsed =
      parse_log_line("2015-09-09 04:50:54.185227 -0400 : 9766 : pitr-base : FATAL : a : b : c");
  REQUIRE(parsed);
  CHECK(Clock::to_time_t(parsed->when) == 1441788654);
  CHECK(parsed->level == "FATAL");
  CHECK(parsed->message == "a : b : c");
}

TEST_CASE("what is no line of a log is none") {
  for (const char* text :
       {"", " : ", "2015-09-09 04:50:54.185227 -0400 : 9766 : pitr-base", "  continued : of : a : message",
        "2015-09-09 04:50:54 -0400 : 1 : p : ERROR : m", "2015-09-09 04:50:54.185227 EDT : 1 : p : ERROR : m",
        "2015-99-09 04:50:54.185227 -0400 : 1 : p : ERROR : m", "pitr-base: ERROR : something"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_log_line(text));
  }
}

TEST_CASE("--from is a moment or seconds, with a minus or without") {
  const auto now = at(start);
  CHECK(parse_from("-300", now) == at(start - 300));
  CHECK(parse_from("300", now) == at(start - 300));
  CHECK(parse_from("0", now) == now);
  std::tm parts{};
  const std::time_t moment = 1441788654;
  ::localtime_r(&moment, &parts);
  char text[40];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
  CHECK(parse_from(text, now) == at(moment));
  for (const char* bad :
       {"yesterday", "--300", "5m", "2026-11-22", "2026-11-22 10:00:00 UTC", "-", "99999999999999"}) {
    CAPTURE(bad);
    CHECK(failure_of([&] { parse_from(bad, now); }).code == Exit::usage);
  }
}

TEST_CASE("errors are counted from the wanted moment on") {
  const Scratch scratch;
  const std::string text = line(0, "ERROR", "first") + line(10, "LOG", "ERROR : in a message") +
                           line(20, "FATAL", "second\n  goes on : ERROR : here") +
                           line(30, "ERROR", "third") +
                           "2026-11-22 10:00:40.000000 +0000 : 42 : pitr-archive : ERROR : is being writ";
  CHECK(errors_in(scratch, text, start).count == 3);
  CHECK(errors_in(scratch, text, start + 1).count == 2);
  CHECK(errors_in(scratch, text, start + 20).count == 2);
  CHECK(errors_in(scratch, text, start + 21).last == "third");
  CHECK(errors_in(scratch, text, start + 31).count == 0);
  CHECK(errors_in(scratch, "", start).count == 0);
}

TEST_CASE("a long log is read from its end, and no line is lost or read twice") {
  const Scratch scratch;
  // Lengths that put the borders of what is read at once everywhere in a line.
  std::string text;
  const int lines = 20000;
  for (int i = 0; i < lines; ++i) {
    const std::string filling(static_cast<std::size_t>(i % 61), 'x');
    text += line(i, i % 7 == 0 ? "ERROR" : "LOG", fmt::format("{}{}", i, filling));
  }
  for (const int from : {0, 1, 7, 9999, 15000, 19990, lines}) {
    CAPTURE(from);
    CHECK(errors_in(scratch, text, start + from).count ==
          static_cast<std::uint64_t>((lines + 6) / 7 - (from + 6) / 7));
  }
  // A line that is longer than what is read at once.
  text += line(lines, "ERROR", std::string(1'000'000, 'y')) + line(lines + 1, "ERROR", "last");
  CHECK(errors_in(scratch, text, start + lines).last == "last");
}

TEST_CASE("a template names the files of all dates, and nothing else") {
  const Scratch scratch;
  scratch.write("archive-2026-11-21.log", "");
  scratch.write("archive-2026-11-22.log", "");
  scratch.write("base[1].log", "");
  CHECK(log_files(scratch / "archive-^Y-^m-^d.log").size() == 2);
  CHECK(log_files(scratch / "base[1].log").size() == 1);
  CHECK(log_files(scratch / "base*.log").empty());
}

TEST_CASE("what logrotate has put aside belongs to the log") {
  const Scratch scratch;
  for (const char* name :
       {"a.log", "a.log.1", "a.log.2.gz", "a.log-20261121", "a.log.bak", "a.logs", "ba.log"})
    scratch.write(name, "");
  CHECK(log_files(scratch / "a.log").size() == 4);
  std::filesystem::remove(scratch / "a.log");
  CHECK(log_files(scratch / "a.log").size() == 3);
  CHECK(log_files(scratch / "a^Y.log").size() == 3);
  CHECK(log_files(scratch / "^Y.log").size() == 4);  // of "ba.log", too; nothing twice
}

TEST_CASE("a log that nobody has written yet is no file; a directory that is not there is a mistake") {
  const Scratch scratch;
  CHECK(log_files(scratch / "restore-^Y.log").empty());
  CHECK(failure_of([&] { log_files(scratch / "unmounted/restore.log"); }).mentions("no such directory"));
  CHECK(failure_of([&] { log_files(scratch / "unmounted-^Y/restore.log"); }).mentions("no such directory"));
  std::filesystem::create_directory(scratch / "mounted-2026");
  CHECK(log_files(scratch / "mounted-^Y/restore.log").empty());
}

TEST_CASE("errors of a compressed log are counted as well") {
  const Scratch scratch;
  const std::string text =
      line(0, "ERROR", "first") + line(10, "LOG", "no error") + line(20, "FATAL", "last");
  std::string stored;
  const auto sink = compress({Codec::gzip}, 1, std::make_unique<StringSink>(stored));
  sink->write(as_bytes(text));
  sink->finish();
  LoggedErrors errors;
  count_errors(scratch.write("log.2.gz", stored), at(start), errors);
  CHECK(errors.count == 2);
  CHECK(errors.last == "last");
  count_errors(scratch.write("log.3.gz", stored), at(start + 1), errors);
  CHECK(errors.count == 3);
}
