#include "common/cli/log.h"
#include "common/base/time_text.h"
#include "common/os/signals.h"

#include <signal.h>
#include <sys/stat.h>

#include <chrono>
#include <fstream>

#include <doctest/doctest.h>

#include "tests/unit/scratch.h"

using namespace pitr;

namespace {

// Four hours behind Greenwich, without a time zone database.
class Zone {
 public:
  Zone() { set("XYZ4"); }
  ~Zone() { set("UTC0"); }

 private:
  static void set(const char* zone) {
    REQUIRE(::setenv("TZ", zone, 1) == 0);
    ::tzset();
  }
};

std::size_t count(const std::string& text, std::string_view part) {
  std::size_t result = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++result;
  return result;
}

// Every digit is a 9.
std::string shape(std::string text) {
  for (char& c : text) {
    if (c >= '0' && c <= '9') c = '9';
  }
  return text;
}

// Logs one line of each level to `file`, "" for none.
Outcome log_one_each(const std::string& file, bool verbose) {
  return in_child([&] {
    Log log("pitr-base");
    log.set_file(file);
    log.set_verbose(verbose);
    log.note("step {}", 1);
    log.detail("detail {}", 2);
    log.error("error {}", 3);
    log.fatal("fatal 4");
    return 0;
  });
}

}  // namespace

TEST_CASE("a log line has the form that OmniPITR's log tools know") {
  const Zone zone;
  const Scratch scratch;
  Log log("pitr-base");
  log.set_file(scratch / "log");
  log.note("All done.");
  const std::string text = text_of(scratch / "log");
  CHECK(shape(text.substr(0, 32)) == "9999-99-99 99:99:99.999999 -9999");
  CHECK(text.substr(27) == fmt::format("-0400 : {} : pitr-base : LOG : All done.\n", ::getpid()));
}

TEST_CASE("with a log file errors stand in it and on stderr, steps only in it") {
  const Scratch scratch;
  const Outcome outcome = log_one_each(scratch / "log", false);
  CHECK(outcome.err == "pitr-base: ERROR : error 3\npitr-base: FATAL : fatal 4\n");
  CHECK(outcome.out.empty());
  const std::string text = text_of(scratch / "log");
  CHECK(count(text, "\n") == 3);
  CHECK(count(text, " : pitr-base : LOG : step 1\n") == 1);
  CHECK(count(text, " : pitr-base : ERROR : error 3\n") == 1);
  CHECK(count(text, " : pitr-base : FATAL : fatal 4\n") == 1);
}

TEST_CASE("without a log file steps are silent unless verbose") {
  CHECK(log_one_each("", false).err == "pitr-base: ERROR : error 3\npitr-base: FATAL : fatal 4\n");
  CHECK(log_one_each("", true).err ==
        "pitr-base: LOG : step 1\npitr-base: LOG : detail 2\n"
        "pitr-base: ERROR : error 3\npitr-base: FATAL : fatal 4\n");
}

TEST_CASE("the log - is stdout, in full form, and errors stand on stderr as well") {
  const Outcome outcome = log_one_each("-", false);
  CHECK(count(outcome.out, "\n") == 3);
  CHECK(count(outcome.out, " : pitr-base : LOG : step 1\n") == 1);
  CHECK(outcome.err == "pitr-base: ERROR : error 3\npitr-base: FATAL : fatal 4\n");
}

TEST_CASE("a log and its missing directories are for their owner only") {
  const Scratch scratch;
  const mode_t before = ::umask(0);
  Log log("pitr-base");
  log.set_file(scratch / "a/b/log");
  log.note("x");
  ::umask(before);
  CHECK(mode_of(scratch / "a") == 0700);
  CHECK(mode_of(scratch / "a/b") == 0700);
  CHECK(mode_of(scratch / "a/b/log") == 0600);
}

TEST_CASE("a log that cannot be written is said once, its lines go to stderr, and the work goes on") {
  const Scratch scratch;
  scratch.write("file", "not a directory");
  const std::string fifo = scratch / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  const std::pair<std::string, std::string> rows[] = {
      {"/dev/full", "write /dev/full: no space left on device"},
      {scratch / "file/log", "not a directory"},
      {scratch / "file/directory/log", "not a directory"},
      {scratch / "", "is a directory"},
      {fifo, "no such device or address"},
      {scratch / std::string(300, 'x'), "file name too long"},
      {"/proc/log", "no such file or directory"},
      {"/proc/directory/log", "create directory /proc/directory"},
      {"^99999999d", "the result is longer than 64 KiB"},
  };
  for (const auto& [file, reason] : rows) {
    const auto& shown_file = file;  // clang 14 captures no structured binding
    CAPTURE(shown_file);
    const Outcome outcome = log_one_each(file, false);
    CHECK(outcome.status == 0);
    CAPTURE(outcome.err);
    CHECK(count(outcome.err, "pitr-base: ERROR : log: ") == 1);
    CHECK(count(outcome.err, reason) == 1);
    CHECK(outcome.err.find("; lines go to stderr\npitr-base: LOG : step 1\npitr-base: ERROR : error 3\n"
                           "pitr-base: FATAL : fatal 4\n") != std::string::npos);
  }
}

TEST_CASE("a log and stderr that are both gone stop nothing") {
  const Outcome outcome = in_child([] {
    Log log("pitr-base");
    log.set_file("/dev/full");
    ::close(STDERR_FILENO);
    log.error("x");
    log.fatal("y");
    return 7;
  });
  CHECK(outcome.status == 7);
}

TEST_CASE("a log that can be written again is used again") {
  const Scratch scratch;
  scratch.write("place", "in the way");
  const Outcome outcome = in_child([&] {
    Log log("pitr-base");
    log.set_file(scratch / "place/log");
    log.note("early");
    std::filesystem::remove(scratch / "place");
    log.note("late");
    return 0;
  });
  CHECK(count(outcome.err, "early") == 1);
  CHECK(count(outcome.err, "late") == 0);
  CHECK(count(text_of(scratch / "place/log"), "LOG : late\n") == 1);
}

TEST_CASE("after logrotate renamed or removed the log the next line starts a new one") {
  const Scratch scratch;
  Log log("pitr-base");
  log.set_file(scratch / "log");
  log.note("one");
  std::filesystem::rename(scratch / "log", scratch / "log.1");
  log.note("two");
  CHECK(count(text_of(scratch / "log.1"), "\n") == 1);
  CHECK(count(text_of(scratch / "log"), "LOG : two\n") == 1);
  std::filesystem::remove(scratch / "log");
  scratch.write("log", "");
  log.note("three");
  CHECK(count(text_of(scratch / "log"), "LOG : three\n") == 1);
}

TEST_CASE("a new name of the log opens a new file") {
  const Scratch scratch;
  Log log("pitr-base");
  log.set_file(scratch / "one");
  log.note("one");
  log.set_file(scratch / "two");
  log.note("two");
  CHECK(count(text_of(scratch / "one"), "\n") == 1);
  CHECK(count(text_of(scratch / "two"), "LOG : two\n") == 1);
}

TEST_CASE("the name of the log is a time template") {
  const Scratch scratch;
  Log log("pitr-base");
  log.set_file(scratch / "100%-^Y");
  log.note("x");
  CHECK(std::filesystem::exists(scratch / ("100%-" + expand_time("^Y", std::chrono::system_clock::now()))));
}

TEST_CASE("two writers append to one log") {
  const Scratch scratch;
  Log one("pitr-base"), two("pitr-archive");
  one.set_file(scratch / "log");
  two.set_file(scratch / "log");
  one.note("1");
  two.note("2");
  one.note("3");
  CHECK(count(text_of(scratch / "log"), "\n") == 3);
  CHECK(count(text_of(scratch / "log"), " : pitr-archive : LOG : 2\n") == 1);
}

TEST_CASE("a log line is one line whatever the message holds") {
  const Scratch scratch;
  Log log("pitr-base");
  log.set_file(scratch / "log");
  log.note("a\nb\rc\td\x1b[31m\x7f g\xc3\xb6");
  const std::string text = text_of(scratch / "log");
  CHECK(text.ends_with(" : a b\\x0dc\\x09d\\x1b[31m\\x7f g\xc3\xb6\n"));
  CHECK(count(text, "\n") == 1);
  const Outcome outcome = in_child([] {
    Log("pitr-base").fatal("a\nb\x01");
    return 0;
  });
  CHECK(outcome.err == "pitr-base: FATAL : a b\\x01\n");
}

TEST_CASE("the line that tells of a signal still reaches the log") {
  const Scratch scratch;
  const Outcome outcome = in_child([&] {
    catch_signals();
    ::raise(SIGTERM);
    Log log("pitr-base");
    log.set_file(scratch / "log");
    log.fatal("interrupted by SIGTERM");
    return 0;
  });
  CHECK(outcome.status == 0);
  CHECK(outcome.err == "pitr-base: FATAL : interrupted by SIGTERM\n");
  CHECK(count(text_of(scratch / "log"), "FATAL : interrupted by SIGTERM\n") == 1);
}

TEST_CASE("a timer tells in verbose how long a step took, and nothing when the step failed") {
  const Outcome outcome = in_child([] {
    Log log("pitr-base");
    log.timed("quiet", [] {});
    log.set_verbose(true);
    const int answer = log.timed("Compressing $PGDATA", [] { return 42; });
    try {
      log.timed("broken", []() -> void { fail(Exit::failed, "x"); });
    } catch (const Error&) {
      return answer;
    }
    return 1;
  });
  CHECK(outcome.status == 42);
  CHECK(shape(outcome.err) == "pitr-base: LOG : Timer [Compressing $PGDATA] took: 9.999s\n");
}

TEST_CASE("a time template knows ^ for %, ^^ for ^, and leaves % alone") {
  const Zone zone;
  const std::chrono::system_clock::time_point when{
      std::chrono::seconds(1441788654)};  // 2015-09-09 08:50:54 UTC
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"", ""},
      {"plain", "plain"},
      {"^Y-^m-^d ^H:^M:^S ^z", "2015-09-09 04:50:54 -0400"},
      {"^^Y", "^Y"},
      {"^^^Y", "^2015"},
      {"%Y", "%Y"},
      {"100%", "100%"},
      {"%%", "%%"},
      {"^%Y", "^%Y"},
      {"end^", "end^"},
      {"^", "^"},
      {"^^", "^"},
      {"^.", "%."},
      {"__HOSTNAME__-^Y.tar", "__HOSTNAME__-2015.tar"},
  };
  for (const auto& [pattern, expected] : rows) {
    const auto& shown_pattern = pattern;  // clang 14 captures no structured binding
    CAPTURE(shown_pattern);
    CHECK(expand_time(pattern, when) == expected);
  }
  CHECK(expand_time(std::string(1000, 'x'), when) == std::string(1000, 'x'));
  CHECK_THROWS_AS(expand_time("^99999999d", when), Error);
}
