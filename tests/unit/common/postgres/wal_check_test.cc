#include "common/postgres/wal_check.h"

#include <doctest/doctest.h>

#include "tests/unit/failure.h"
#include "tests/unit/wal_samples.h"

using namespace pitr;
using namespace pitr::wal_samples;

namespace {

// What came through, and the Error that ended it.
struct Passed {
  std::string bytes;
  bool prepared = false;
  bool finished = false;
  Failure failure;
};

class Ending final : public Sink {
 public:
  explicit Ending(Passed& passed) : passed_(passed) {}
  void write(Bytes bytes) override { StringSink(passed_.bytes).write(bytes); }
  void prepare() override { passed_.prepared = true; }
  void finish() override { passed_.finished = true; }

 private:
  Passed& passed_;
};

Passed pass(WalExpectation expected, std::string_view bytes, std::size_t piece = 100'000) {
  Passed passed;
  passed.failure = failure_of([&] {
    const auto check = check_wal(std::move(expected), std::make_unique<Ending>(passed));
    for (std::size_t at = 0; at < bytes.size(); at += piece) check->write(as_bytes(bytes.substr(at, piece)));
    check->finish();
  });
  return passed;
}

WalExpectation named(std::string_view name, std::optional<std::uint64_t> cluster = our_cluster) {
  return {wal_name(name), cluster, true, {}};
}

Header with(const std::function<void(Header&)>& change) {
  Header header;
  change(header);
  return header;
}

constexpr std::string_view seventh = "000000010000000000000007";
constexpr std::string_view backup_history =
    "START WAL LOCATION: 0/700028 (file 000000010000000000000007)\n"
    "STOP WAL LOCATION: 0/700138 (file 000000010000000000000007)\n"
    "CHECKPOINT LOCATION: 0/700060\nBACKUP METHOD: streamed\nBACKUP FROM: primary\n"
    "START TIME: 2024-01-01 00:00:00 UTC\nLABEL: x\nSTART TIMELINE: 1\n"
    "STOP TIME: 2024-01-01 00:00:01 UTC\nSTOP TIMELINE: 1\n";

}  // namespace

TEST_CASE("a whole segment passes unchanged, however it is cut into pieces") {
  const std::string bytes = segment();
  for (const std::size_t piece : {std::size_t{1} << 21, std::size_t{100'000}, std::size_t{4096},
                                  std::size_t{39}, std::size_t{40}, std::size_t{41}, std::size_t{7}}) {
    CAPTURE(piece);
    const Passed passed = pass(named(seventh), bytes, piece);
    CHECK(passed.failure.message == "");
    CHECK(passed.finished);
    CHECK((passed.bytes == bytes));
  }
}

TEST_CASE("segments that are right in an unusual way pass") {
  struct Row {
    std::string_view what, name;
    Header header;
  };
  const Row rows[] = {
      {"the copy of the parent's segment in which a timeline begins", "000000030000000000000007", {}},
      {"an unknown magic", seventh, with([](Header& h) { h.magic = 0xD1FF; })},
      {"a continued record", seventh, with([](Header& h) { h.flags = 3; })},
      {"the first of the next id", "000000010000000100000000",
       with([](Header& h) { h.page_address = 1ULL << 32; })},
      {"larger segments", "000000010000000000000007",
       with([](Header& h) { h.segment_size = 4 << 20, h.page_address = 7 * (4 << 20); })},
      {"the unfinished end of a timeline", "000000010000000000000007.partial", {}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    const Passed passed = pass(named(row.name), segment(row.header));
    CHECK(passed.failure.message == "");
    CHECK(passed.finished);
  }
  CHECK(
      pass(named(seventh, std::nullopt), segment(with([](Header& h) { h.system_identifier = 1; }))).finished);
}

TEST_CASE("every reason to refuse a segment is found, and the message tells it") {
  const std::string good = segment();
  struct Row {
    std::string name, bytes, message;
  };
  const Row rows[] = {
      {"000000010000000000000007", "", "0 bytes long, which is no whole segment"},
      {"000000010000000000000007", good.substr(0, 39), "39 bytes long, which is no whole segment"},
      {"000000010000000000000007", good.substr(0, 40), "40 bytes long, which is no whole segment"},
      {"000000010000000000000007", good.substr(0, megabyte - 1),
       "1048575 bytes long, which is no whole segment"},
      {"000000010000000000000007", good + "x", "longer than a segment of 1048576 bytes"},
      {"000000010000000000000007", good + good, "longer than a segment of 1048576 bytes"},
      {"000000010000000000000007", std::string(megabyte, '\0'), "it does not start with a WAL page header"},
      {"000000010000000000000007", std::string(megabyte, 'x'), "it does not start with a WAL page header"},
      {"000000010000000000000007", "x" + good.substr(1), ""},  // only the magic: not judged here
      {"000000010000000000000007", "x" + good, "it does not start with a WAL page header"},
      {"000000010000000000000007", segment(with([](Header& h) { h.flags = 0; })),
       "it does not start with a WAL page header"},
      {"000000010000000000000007", segment(with([](Header& h) { h.timeline = 0; })),
       "it does not start with a WAL page header"},
      {"000000010000000000000008", good, "the bytes are those of position 0/700000, the name says 0/800000"},
      {"000000010000000000000006", good, "the bytes are those of position 0/700000, the name says 0/600000"},
      {"000000010000000100000007", good, "the bytes are those of position 0/700000, the name says 1/700000"},
      {"000000010000000000000008.partial", good,
       "the bytes are those of position 0/700000, the name says 0/800000"},
      // Not the first page of the segment.
      {"000000010000000000000007", segment(with([](Header& h) { h.page_address += 8192; })),
       "the bytes are those of position 0/702000, the name says 0/700000"},
      {"000000010000000000001007", good, "no such name exists with segments of 1048576 bytes"},
      {"000000010000000000000007", segment(with([](Header& h) { h.timeline = 2; })),
       "the bytes are of timeline 2"},
      {"000000010000000000000007", segment(with([](Header& h) { h.system_identifier = 42; })),
       "it belongs to cluster 42, not to 7711050547671864261"},
      // A segment of another size at the right position: 7 MB is no start of a segment of 2 MB.
      {"000000010000000000000007", segment(with([](Header& h) { h.segment_size = 2 << 20; })),
       "the bytes are those of position 0/700000, the name says 0/E00000"},
      // The header promises 16 MB, the file is shorter.
      {"000000010000000000000007", segment(with([](Header& h) { h.page_address = 7 << 24; })), "position"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    CAPTURE(row.message);
    const Passed passed = pass(named(row.name), row.bytes);
    if (row.message.empty()) {
      CHECK(passed.finished);
      continue;
    }
    CHECK_FALSE(passed.finished);
    CHECK(passed.failure.code == Exit::damaged);
    CHECK(passed.failure.message.starts_with("WAL segment " + row.name + ": "));
    CHECK(passed.failure.mentions(row.message));
    CHECK(passed.bytes.size() <= megabyte);
  }
}

TEST_CASE("a segment cut short at any point is refused") {
  const std::string good = segment();
  for (std::size_t size = 1; size < good.size(); size = size * 3 / 2 + 1) {
    CAPTURE(size);
    const Passed passed = pass(named(seventh), std::string_view(good).substr(0, size));
    CHECK_FALSE(passed.finished);
    CHECK(passed.failure.code == Exit::damaged);
  }
}

TEST_CASE("a file without end is stopped after one segment") {
  Passed passed;
  const auto check = check_wal(named(seventh), std::make_unique<Ending>(passed));
  check->write(as_bytes(segment()));
  CHECK(failure_of([&] { check->write(as_bytes("x")); }).code == Exit::damaged);
  CHECK(passed.bytes.size() == megabyte);
}

TEST_CASE("what is prepared has passed every check, and the text of a history file once") {
  const auto prepare = [](std::string_view name, std::string_view bytes) {
    Passed passed;
    passed.failure = failure_of([&] {
      const auto check = check_wal(named(name), std::make_unique<Ending>(passed));
      check->write(as_bytes(bytes));
      check->prepare();
      CHECK_FALSE(passed.finished);
      check->finish();
    });
    return passed;
  };
  const std::string history = "1\t0/700148\tx\n";
  for (const auto& [name, right, wrong] :
       {std::tuple<std::string_view, std::string, std::string>{seventh, segment(), segment().substr(1)},
        {seventh, segment(), segment().substr(0, megabyte / 2)},
        {"00000002.history", history, "x"},
        {"000000010000000000000007.00000028.backup", std::string(backup_history), "x"}}) {
    const Passed good = prepare(name, right);
    CHECK(good.prepared);
    CHECK(good.finished);
    CHECK(good.bytes == right);
    const Passed bad = prepare(name, wrong);
    CHECK(bad.failure.code == Exit::damaged);
    CHECK_FALSE(bad.prepared);
    CHECK_FALSE(bad.finished);
  }
}

TEST_CASE("a closer look at the header may refuse the segment") {
  std::uint16_t seen = 0;
  WalExpectation expected = named(seventh);
  expected.inspect = [&](const WalPageHeader& header) { seen = header.magic; };
  CHECK(pass(expected, segment()).finished);
  CHECK(seen == 0xD110);
  expected.inspect = [](const WalPageHeader&) { fail(Exit::late, "not this one"); };
  const Passed refused = pass(expected, segment());
  CHECK(refused.failure.message == "not this one");
  CHECK_FALSE(refused.finished);
  CHECK(refused.bytes.empty());
}

TEST_CASE("the closer look comes after the other checks") {
  WalExpectation expected = named("000000010000000000000008");
  bool looked = false;
  expected.inspect = [&](const WalPageHeader&) { looked = true; };
  CHECK(pass(expected, segment()).failure.code == Exit::damaged);
  CHECK_FALSE(looked);
}

TEST_CASE("encrypted WAL is judged by its size alone") {
  WalExpectation expected = named(seventh);
  expected.check_header = false;
  expected.inspect = [](const WalPageHeader&) { fail(Exit::failed, "there is no header to look at"); };
  CHECK(pass(expected, std::string(megabyte, 'x')).finished);
  CHECK(pass(expected, std::string(16 * megabyte, 'x')).finished);
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{8192}, std::size_t{megabyte - 1},
                                 std::size_t{megabyte + 1}, std::size_t{3 * megabyte}}) {
    CAPTURE(size);
    const Passed passed = pass(expected, std::string(size, 'x'));
    CHECK_FALSE(passed.finished);
    CHECK(passed.failure.code == Exit::damaged);
  }
}

TEST_CASE("a history file passes when it parses") {
  const std::string_view history = "1\t0/700148\tno recovery target specified\n";
  for (const std::size_t piece : {std::size_t{1}, std::size_t{100}}) {
    const Passed passed = pass(named("00000002.history"), history, piece);
    CHECK(passed.failure.message == "");
    CHECK(passed.finished);
    CHECK(passed.bytes == history);
  }
  for (const std::string bad :
       {"", "\n", "x\n", "1\t0/7001", "2\t0/700148\tx\n", "1\t0/700148\tx\n1\t0/700148\tx\n"}) {
    CAPTURE(bad);
    const Passed passed = pass(named("00000002.history"), bad);
    CHECK_FALSE(passed.finished);
    CHECK(passed.failure.code == Exit::damaged);
    CHECK(passed.bytes.empty());
  }
}

TEST_CASE("a backup history file passes when it is one") {
  const std::string name = "000000010000000000000007.00000028.backup";
  const Passed passed = pass(named(name), backup_history, 50);
  CHECK(passed.failure.message == "");
  CHECK(passed.finished);
  CHECK(passed.bytes == backup_history);
  const std::string whole(backup_history);
  for (const std::string& bad : {std::string(), std::string("\n"), std::string("x\n"), std::string(10, '\0'),
                                 segment(), whole.substr(1), whole.substr(0, whole.size() - 1),
                                 whole.substr(0, 100), "\n" + whole, whole + '\0'}) {
    CAPTURE(bad.substr(0, 70));
    const Passed refused = pass(named(name), bad);
    CHECK_FALSE(refused.finished);
    CHECK(refused.failure.code == Exit::damaged);
    CHECK(refused.failure.message.starts_with(name + ": "));
  }
}

TEST_CASE("text without end is stopped early") {
  for (const std::string name : {"00000002.history", "000000010000000000000007.00000028.backup"}) {
    const Passed passed = pass(named(name), std::string(2 << 20, '#'));
    CHECK(passed.failure.code == Exit::damaged);
    CHECK(passed.failure.mentions("longer than 1048576 bytes"));
    CHECK(passed.bytes.empty());
  }
}
