#include "common/wal/archive_command.h"

#include <doctest/doctest.h>

using namespace pitr;

TEST_CASE("an archive_command is known for what it does") {
  using Kind = ArchiveCommand::Kind;
  struct Row {
    std::string_view command;
    Kind kind;
  };
  const std::vector<Row> rows = {
      {"", Kind::none},
      {"  # nothing", Kind::none},
      {"/bin/true", Kind::discards},
      {"true %p", Kind::discards},
      {":", Kind::discards},
      {"exit 0", Kind::discards},
      {"exit", Kind::discards},
      {"true # off until monday", Kind::discards},
      {"/usr/local/bin/true", Kind::discards},
      {"echo %p", Kind::discards},
      {"test -f %p", Kind::discards},
      {"[ -n x ]", Kind::other},
      {"cd .", Kind::discards},
      {"sleep 0", Kind::discards},
      {"/usr/bin/false", Kind::refuses},
      {"exit 1", Kind::refuses},
      {"true || false", Kind::other},
      {"truely", Kind::other},
      {"testing %p", Kind::other},
      {"test ! -f /wal/%f && cp %p /wal/%f", Kind::other},
      {"cp %p /wal/%f", Kind::other},
      {"pitr-archive -dl /wal %p", Kind::pitr_archive},
      {"nice -n 5 /opt/pitr/pitr-archive -dl /wal %p", Kind::pitr_archive},
      {"pitr-archive -dl /wal %p || true", Kind::pitr_archive},
      {"pitr-archive-wrapper %p", Kind::other},
  };
  for (const Row& row : rows) {
    CAPTURE(row.command);
    CHECK(read_archive_command(row.command).kind == row.kind);
  }
}

TEST_CASE("the options of pitr-archive are read out of an archive_command") {
  const ArchiveCommand command = read_archive_command(
      "nice /opt/pitr-archive -D /data/pg -dl zstd:3='/one wal' --dst-local=/100%%/wal -db /staging -s "
      "/state -v "
      "-l /log/^Y.log \"%p\"");
  CHECK(command.problem == "");
  CHECK(command.program == "/opt/pitr-archive");
  CHECK(command.options == std::vector<std::string>{"-D", "/data/pg", "-dl", "zstd:3=/one wal",
                                                    "--dst-local=/100%/wal", "-db", "/staging", "-s",
                                                    "/state", "-v", "-l", "/log/^Y.log", "%p"});
}

TEST_CASE("commands beside pitr-archive do not run for what it archives ahead") {
  struct Row {
    std::string_view command;
    bool leaves_commands_out;
  };
  const std::vector<Row> rows = {
      {"pitr-archive -dl /wal %p && touch /state/%f", true},
      {"cp %p /other/%f && pitr-archive -dl /wal %p", true},
      {"pitr-archive -dl /wal %p; touch /state/%f", true},
      {"pitr-archive -dl /wal %p\ntouch /state/%f", true},
      {"pitr-archive -dl /wal %p 2>&1 && touch /state/%f", true},
      {"pitr-archive --batch-size 8 -dl /wal %p && touch /state/%f", true},
      {"pitr-archive --batch-size 0 -dl /wal %p && touch /state/%f", false},
      {"cp %p /other/%f && pitr-archive -batch-size=0 -dl /wal %p", false},
      {"pitr-archive --config-file /etc/pitr.conf %p && touch /state/%f", false},
      {"pitr-archive -dl /wal %p", false},
      {"nice pitr-archive -dl '/a && b' %p", false},
      {"pitr-archive -dl /wal %p;", false},
      {"pitr-archive -dl /wal %p 2>&1", false},
      {"pitr-archive -dl /wal %p &>/log", false},
      {"pitr-archive -dl /wal %p || mail root", false},
      {"pitr-archive -dl /wal %p | logger", false},
      {"cp %p /other/%f && cp %p /wal/%f", false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.command);
    CHECK(read_archive_command(row.command).leaves_commands_out == row.leaves_commands_out);
  }
}

TEST_CASE("what is wrong with an archive_command is told") {
  struct Row {
    std::string_view command, problem;
  };
  const std::vector<Row> rows = {
      {"pitr-archive -dl /wal %p; true", "';' in it needs a shell"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.command);
    const ArchiveCommand command = read_archive_command(row.command);
    CAPTURE(command.problem);
    CHECK(command.problem.find(row.problem) != std::string::npos);
  }
}
