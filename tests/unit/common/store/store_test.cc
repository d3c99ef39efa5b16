#include "common/store/place.h"

#include <doctest/doctest.h>

#include "tests/unit/failure.h"
#include "tests/unit/scratch.h"

using namespace pitr;

TEST_CASE("what can be the name of a stored file is taken as one") {
  const std::string good[] = {"a",
                              "000000010000000000000007.zst",
                              "pitr-archive.id",
                              "a b",
                              "lost+found",
                              "a.",
                              "a-",
                              "a..b",
                              "\xC3\xA4",
                              "\xFF",
                              "a\\b",
                              "~",
                              "*",
                              "a.tmp",
                              std::string(255, 'x')};
  for (const std::string& text : good) {
    CAPTURE(text);
    const auto name = Name::parse(text);
    REQUIRE(name);
    CHECK(name->text() == text);
  }
}

TEST_CASE("what cannot be the name of a stored file is refused") {
  const std::string bad[] = {"",
                             ".",
                             "..",
                             ".hidden",
                             "-",
                             "-n",
                             "--",
                             "/",
                             "a/b",
                             "/a",
                             "a/",
                             "../a",
                             "a/../b",
                             "\n",
                             "a\n",
                             "a\nb",
                             "a\tb",
                             "a\rb",
                             "\x1B[31m",
                             "a\x7F",
                             std::string("a\0b", 3),
                             std::string("\0", 1),
                             "a.tmp.0",
                             "a.zst.tmp.17",
                             std::string(256, 'x')};
  for (const std::string& text : bad) {
    CAPTURE(text);
    CHECK_FALSE(Name::parse(text));
  }
}

TEST_CASE("a WAL name and a suffix make the name of a stored file") {
  const Name name(*WalName::parse("000000010000000000000007"), ".zst");
  CHECK(name.text() == "000000010000000000000007.zst");
  CHECK(name == Name::parse("000000010000000000000007.zst"));
  CHECK(Name(*WalName::parse("00000002.history"), "").text() == "00000002.history");
}

TEST_CASE("a place is named by an absolute path") {
  const Scratch scratch;
  CHECK(open_store((scratch / "").native(), {})->describe() + "/" == (scratch / "").native());
  for (const std::string text :
       {"", "relative", "./relative", "../relative", "~/wal", "host:wal", "-host:/wal"}) {
    CAPTURE(text);
    CHECK(failure_of([&] { return open_store(text, {}); }).code == Exit::usage);
  }
  CHECK(failure_of([&] { return open_store((scratch / "missing").native(), {}); }).code == Exit::failed);
}
