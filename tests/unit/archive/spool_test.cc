#include "archive/spool.h"

#include <doctest/doctest.h>

#include "tests/unit/failure.h"
#include "tests/unit/scratch.h"

using namespace pitr;

namespace {

constexpr std::string_view segment = "000000010000000000000007";

std::vector<std::string> waiting(const Spool& spool, const Place& place) {
  std::vector<std::string> names;
  for (const WalName& name : spool.waiting(place)) names.push_back(name.text());
  return names;
}

}  // namespace

TEST_CASE("a destination is behind while a WAL file waits in its queue") {
  const Scratch scratch;
  const Spool spool(scratch / "spool", 1000, {});
  const Place one = parse_place("wal@host:/a/b%c");
  const Place other = parse_place("zstd=wal@host:/a/b");
  CHECK_FALSE(spool.is_behind(one));
  CHECK(waiting(spool, one).empty());
  CHECK_FALSE(std::filesystem::exists(scratch / "spool"));  // to look makes nothing
  spool.queue(one);
  CHECK_FALSE(spool.is_behind(one));
  scratch.write("spool/wal@host:%2Fa%2Fb%25c/notes", "");
  scratch.write(fmt::format("spool/wal@host:%2Fa%2Fb%25c/{}.tmp.0", segment), "");
  CHECK_FALSE(spool.is_behind(one));
  scratch.write(fmt::format("spool/wal@host:%2Fa%2Fb%25c/{}.zst", segment), "");
  CHECK(spool.is_behind(one));
  CHECK_FALSE(spool.is_behind(other));
}

TEST_CASE("what waits is delivered in the order of its names, a history before what follows it") {
  const Scratch scratch;
  const Spool spool(scratch / "spool", 1000, {});
  const Place place = parse_place("host:/a");
  spool.queue(place);
  for (const char* name :
       {"000000020000000000000008.gz", "00000002.history.gz", "000000010000000000000007.gz",
        "000000010000000000000009.partial", "000000010000000000000008.00000028.backup.lz4"}) {
    scratch.write(std::string("spool/host:%2Fa/") + name, "");
  }
  CHECK(waiting(spool, place) == std::vector<std::string>{"000000010000000000000007",
                                                          "000000010000000000000008.00000028.backup",
                                                          "000000010000000000000009.partial",
                                                          "00000002.history", "000000020000000000000008"});
}

TEST_CASE("all queues together hold no more than they may") {
  const Scratch scratch;
  const Spool spool(scratch / "spool", 100, {});
  const Place one = parse_place("host:/a");
  const Place other = parse_place("host:/b");
  spool.queue(one);
  spool.queue(other);
  scratch.write("spool/host:%2Fa/000000010000000000000007", std::string(60, 'x'));
  scratch.write("spool/host:%2Fb/000000010000000000000008", std::string(30, 'x'));
  spool.require_room(10, one);
  const Failure failure = failure_of([&] { spool.require_room(11, other); });
  CHECK(failure.code == Exit::failed);
  CHECK(failure.mentions("is full: 90 bytes wait in it, --spool-max is 100; until host:/b has got"));
}

TEST_CASE("another spelling of a place finds its queue") {
  const Scratch scratch;
  const Spool spool(scratch / "spool", 1000, {});
  spool.queue(parse_place("host:/a"));
  scratch.write(fmt::format("spool/host:%2Fa/{}", segment), "");
  for (const char* same : {"host:/a/", "host:/a//", "host:/./a", "zstd=host:/a", "host:/b/../a"}) {
    CAPTURE(same);
    CHECK(spool.is_behind(parse_place(same)));
  }
  for (const char* other : {"user@host:/a", "host:/a/b", "host:/", "/a", "rsync://host/a"}) {
    CAPTURE(other);
    CHECK_FALSE(spool.is_behind(parse_place(other)));
  }
}

TEST_CASE("a queue that belongs to no destination is found while something waits in it") {
  const Scratch scratch;
  const Spool spool(scratch / "spool", 1000, {});
  CHECK(spool.queues_of_nobody({}).empty());
  const Place one = parse_place("host:/a"), other = parse_place("rsync://host/m/a");
  spool.queue(one);
  spool.queue(other);
  CHECK(spool.queues_of_nobody({}).empty());
  scratch.write(fmt::format("spool/host:%2Fa/{}", segment), "");
  scratch.write(fmt::format("spool/{}", segment), "");
  CHECK(spool.queues_of_nobody({other}) == std::vector{spool.queue_path(one)});
  CHECK(spool.queues_of_nobody({other, parse_place("host:/a/")}).empty());
}
