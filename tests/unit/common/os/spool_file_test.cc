#include "common/os/spool_file.h"

#include <signal.h>
#include <sys/resource.h>

#include <doctest/doctest.h>

#include "tests/unit/failure.h"
#include "tests/unit/scratch.h"

using namespace pitr;

namespace {

std::string content(SpoolFile& spool) {
  std::string text;
  StringSink sink(text);
  copy(*spool.reader(), sink);
  return text;
}

}  // namespace

TEST_CASE("what was parked in a spool file is read again, as often as wanted") {
  const Scratch scratch;
  SpoolFile spool(scratch / "");
  CHECK(content(spool).empty());
  spool.write(as_bytes("one "));
  spool.write({});
  spool.write(as_bytes("two"));
  spool.finish();
  CHECK(spool.size() == 7);
  CHECK(content(spool) == "one two");
  CHECK(content(spool) == "one two");
}

TEST_CASE("a spool file has no name that could be left over") {
  const Scratch scratch;
  SpoolFile spool(scratch / "");
  spool.write(as_bytes("x"));
  CHECK(std::filesystem::is_empty(scratch / ""));
}

TEST_CASE("writing after reading appends, wherever the reading ended") {
  const Scratch scratch;
  SpoolFile spool(scratch / "");
  spool.write(as_bytes("0123456789"));
  std::byte buffer[4];
  CHECK(spool.reader()->read(buffer) == 4);
  spool.write(as_bytes("ab"));
  CHECK(content(spool) == "0123456789ab");
  spool.reader();  // at its start
  spool.write(as_bytes("cd"));
  CHECK(content(spool) == "0123456789abcd");
  spool.write(as_bytes("ef"));
  CHECK(content(spool) == "0123456789abcdef");
  CHECK(spool.size() == 16);
}

TEST_CASE("a reader gives what was there when it was made") {
  const Scratch scratch;
  SpoolFile spool(scratch / "");
  spool.write(as_bytes("0123456789"));
  const auto reader = spool.reader();
  std::byte buffer[64];
  CHECK(read_full(*reader, buffer) == 10);
  CHECK(reader->read(buffer) == 0);
}

TEST_CASE("an emptied spool file starts again") {
  const Scratch scratch;
  SpoolFile spool(scratch / "");
  spool.write(as_bytes("a long text"));
  std::byte buffer[4];
  CHECK(spool.reader()->read(buffer) == 4);
  spool.clear();
  CHECK(spool.size() == 0);
  CHECK(content(spool).empty());
  spool.write(as_bytes("new"));
  CHECK(content(spool) == "new");
}

TEST_CASE("what a full disk took of a write does not stand before the next one") {
  const Scratch scratch;
  const Outcome outcome = in_child([&] {
    SpoolFile spool(scratch / "");
    spool.write(as_bytes("0123456"));
    ::signal(SIGXFSZ, SIG_IGN);
    rlimit limit{};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    const rlimit small{10, limit.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
    const bool failed = failure_of([&] {
                          spool.write(as_bytes("abcdefgh"));
                          return 0;
                        }).code == Exit::failed;
    ::setrlimit(RLIMIT_FSIZE, &limit);
    spool.write(as_bytes("789"));
    return failed && spool.size() == 10 && content(spool) == "0123456789" ? 0 : 1;
  });
  CHECK(outcome.status == 0);
}

TEST_CASE("a moved spool file keeps its bytes") {
  const Scratch scratch;
  SpoolFile one(scratch / "");
  one.write(as_bytes("one"));
  SpoolFile other(scratch / "");
  other.write(as_bytes("other"));
  one = std::move(other);
  CHECK(content(one) == "other");
  CHECK(one.size() == 5);
}

TEST_CASE("many bytes go through a spool file") {
  const Scratch scratch;
  SpoolFile spool(scratch / "");
  std::string text;
  for (int i = 0; i < 300; ++i) {
    const std::string piece(static_cast<std::size_t>(i) * 101, static_cast<char>(i));
    spool.write(as_bytes(piece));
    text += piece;
  }
  CHECK(spool.size() == text.size());
  CHECK((content(spool) == text));
}

TEST_CASE("a spool file needs its directory") {
  const Scratch scratch;
  const auto missing = scratch / "missing";
  const Failure failure = failure_of([&] { SpoolFile{missing}; });
  CHECK(failure.code == Exit::failed);
  CHECK(failure.message == "create a temporary file in " + missing.native() + ": no such file or directory");
  CHECK(failure_of([&] { SpoolFile{scratch.write("file", "")}; }).code == Exit::failed);
}
