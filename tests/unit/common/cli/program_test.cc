#include "common/cli/program.h"
#include "common/os/signals.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <new>
#include <stdexcept>

#include <doctest/doctest.h>

#include "tests/unit/scratch.h"

using namespace pitr;

namespace {

using Job = std::function<int(const std::vector<std::string>&)>;

const Manual manual{.program = "pitr-test",
                    .summary = "is tested",
                    .operands = "FILE",
                    .description = "",
                    .exit_status = "0  done",
                    .example = ""};

// Runs a program with the options --log, --verbose and --number.
int run(std::vector<const char*> words, const Job& job, const std::function<int(const Error&)>& status = {}) {
  Log log("pitr-test");
  int number = 0;
  const std::vector<Option> options =
      with_log_options({{"number", "n", "N", "take a number", set_number(number, 1, 9)}}, log);
  words.insert(words.begin(), "pitr-test");
  return run_program(manual, options, log, static_cast<int>(words.size()), const_cast<char**>(words.data()),
                     job, status);
}

Outcome run_in_child(const std::vector<const char*>& words, const Job& job,
                     const std::function<int(const Error&)>& status = {}) {
  return in_child([&] { return run(words, job, status); });
}

int nothing(const std::vector<std::string>&) { return 0; }

}  // namespace

TEST_CASE("a job that works is silent, gets the operands and answers with its status") {
  const Outcome outcome = run_in_child({"-n", "3", "a", "b"}, [](const std::vector<std::string>& operands) {
    return operands == std::vector<std::string>{"a", "b"} ? 4 : 1;
  });
  CHECK(outcome.status == 4);
  CHECK(outcome.out.empty());
  CHECK(outcome.err.empty());
}

TEST_CASE("whatever a job throws becomes one line and an exit status") {
  struct Row {
    Job job;
    int status;
    std::string line;
  };
  const Row rows[] = {
      {[](auto&) -> int { fail(Exit::failed, "archive x: gone"); }, 1, "archive x: gone"},
      {[](auto&) -> int { fail(Exit::usage, "state-dir is missing"); }, 2,
       "state-dir is missing (try pitr-test --help)"},
      {[](auto&) -> int { fail(Exit::damaged, "bad page"); }, 3, "bad page"},
      {[](auto&) -> int { fail(Exit::late, "late"); }, 4, "late"},
      {[](auto&) -> int { fail(Exit::partly, "a\nb"); }, 5, "a b"},
      {[](auto&) -> int { throw std::bad_alloc(); }, 1, "std::bad_alloc"},
      {[](auto&) -> int { throw std::runtime_error("not ours"); }, 1, "not ours"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.line);
    const Outcome outcome = run_in_child({"x"}, row.job);
    CHECK(outcome.status == row.status);
    CHECK(outcome.err == "pitr-test: FATAL : " + row.line + "\n");
  }
}

TEST_CASE("a program may answer an error with a status of its own") {
  const auto answer = [](const Error& error) { return error.code() == Exit::usage ? 200 : 201; };
  CHECK(run_in_child({"--jbos"}, nothing, answer).status == 200);
  CHECK(run_in_child(
            {"x"}, [](auto&) -> int { throw std::bad_alloc(); }, answer)
            .status == 201);
}

TEST_CASE("a wrong command line never starts the job and names the help") {
  const std::vector<std::vector<const char*>> rows = {
      {"--nunber", "1"}, {"--number"}, {"--number", "10"},
      {"--number", "x"}, {"-v", "-v"}, {"--config-file", "/nowhere/pitr.conf"}};
  for (const auto& words : rows) {
    CAPTURE(words[0]);
    const Outcome outcome = run_in_child(words, [](auto&) { return 77; });
    CHECK(outcome.status == 2);
    CHECK(outcome.err.starts_with("pitr-test: FATAL : "));
    CHECK(outcome.err.ends_with(" (try pitr-test --help)\n"));
  }
}

TEST_CASE("--help, --version and --man print to stdout and end with 0") {
  for (const char* word : {"--help", "--version", "--man"}) {
    CAPTURE(word);
    const Outcome outcome = run_in_child({"--jbos", word}, [](auto&) { return 77; });
    CHECK(outcome.status == 0);
    CHECK(!outcome.out.empty());
    CHECK(outcome.err.empty());
  }
  CHECK(run_in_child({"-V"}, nothing).out == "pitr-test " PITR_VERSION "\n");
}

TEST_CASE("output that cannot be written is an error") {
  const auto full = [](const std::vector<const char*>& words, const Job& job) {
    return in_child([&] {
      if (std::freopen("/dev/full", "w", stdout) == nullptr) return 99;
      return run(words, job);
    });
  };
  const Outcome help = full({"--help"}, nothing);
  CHECK(help.status == 1);
  CHECK(help.err == "pitr-test: FATAL : write stdout: no space left on device\n");
  const Outcome printed = full({"x"}, [](auto&) { return std::puts("result") < 0 ? 9 : 0; });
  CHECK(printed.status == 1);
  CHECK(printed.err == help.err);
}

TEST_CASE("help for a closed stdout is an error, not a success") {
  const Outcome outcome = in_child([] {
    ::close(STDOUT_FILENO);
    return run({"--help"}, nothing);
  });
  CHECK(outcome.status == 1);
  CHECK(outcome.err == "pitr-test: FATAL : write stdout: bad file descriptor\n");
}

TEST_CASE("a program started without stdin, stdout and stderr writes no message into a file of its own") {
  const Scratch scratch;
  for (const char* log : {"-", "/dev/full"}) {
    const std::string file = scratch / "segment";
    const Outcome outcome = in_child([&] {
      for (const int number : {0, 1, 2}) ::close(number);
      return run({"-v", "--log", log, "x"}, [&](auto&) -> int {
        const Fd segment = open_file(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        std::puts("lost");
        write_all(segment, as_bytes("wal"));
        if (segment.number() <= 2) return 99;
        fail(Exit::late, "said to nobody");
      });
    });
    CAPTURE(log);
    CHECK(outcome.status == 4);
    CHECK(text_of(file) == "wal");
  }
}

TEST_CASE("only the closed ones of stdin, stdout and stderr are replaced") {
  const Outcome outcome = in_child([] {
    ::close(STDIN_FILENO);
    return run({"x"}, [](auto&) {
      char byte = 0;
      if (::read(STDIN_FILENO, &byte, 1) != 0) return 99;
      return std::puts("result") < 0 ? 98 : 5;
    });
  });
  CHECK(outcome.status == 5);
  CHECK(outcome.out == "result\n");
}

TEST_CASE("a log that cannot be written does not change the exit status") {
  const Scratch scratch;
  scratch.write("file", "");
  for (const std::string& log : {std::string("/dev/full"), (scratch / "file/log").native()}) {
    CAPTURE(log);
    const Outcome good = run_in_child({"-v", "--log", log.c_str(), "x"}, nothing);
    CHECK(good.status == 0);
    CHECK(good.err.find("lines go to stderr") != std::string::npos);
    CHECK(good.err.find("Called with parameters") != std::string::npos);
    CHECK(run_in_child({"--log", log.c_str()}, [](auto&) -> int { fail(Exit::late, "x"); }).status == 4);
  }
}

TEST_CASE("verbose tells the parameters in force") {
  const Outcome outcome = run_in_child({"-v", "-n", "7", "pg_wal/1"}, nothing);
  CHECK(outcome.err == "pitr-test: LOG : Called with parameters: --verbose --number=7 pg_wal/1\n");
}

TEST_CASE("what a program prepares is done once its options are known and before the first log line") {
  const auto prepared = [](const std::vector<const char*>& words) {
    return in_child([&] {
      Log log("pitr-test");
      std::vector<const char*> all = words;
      all.insert(all.begin(), "pitr-test");
      return run_program(manual, with_log_options({}, log), log, static_cast<int>(all.size()),
                         const_cast<char**>(all.data()), nothing, {},
                         [&] { std::fputs(log.verbose() ? "prepared\n" : "too early\n", stderr); });
    });
  };
  CHECK(prepared({"-v", "x"}).err == "prepared\npitr-test: LOG : Called with parameters: --verbose x\n");
  CHECK(prepared({"-v", "--help"}).err.empty());
  CHECK(prepared({"-v", "--jbos"}).err ==
        "pitr-test: FATAL : unknown option --jbos (try pitr-test --help)\n");
}

TEST_CASE("a signal ends the job as an error with its name") {
  const Outcome outcome = run_in_child({"x"}, [](auto&) {
    ::raise(SIGTERM);
    throw_if_signalled();
    return 0;
  });
  CHECK(outcome.status == 1);
  CHECK(outcome.err == "pitr-test: FATAL : interrupted by SIGTERM\n");
}

TEST_CASE("a reader of stdout that went away is an error and not a death by SIGPIPE") {
  const Outcome outcome = in_child([] {
    int ends[2];
    if (::pipe(ends) != 0 || ::dup2(ends[1], STDOUT_FILENO) < 0) return 99;
    ::close(ends[0]);
    ::close(ends[1]);
    return run({"--help"}, nothing);
  });
  CHECK(outcome.status == 1);
  CHECK(outcome.err == "pitr-test: FATAL : write stdout: broken pipe\n");
}
