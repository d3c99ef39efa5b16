#include "archive/requirement.h"

#include <doctest/doctest.h>

#include "tests/unit/failure.h"

using namespace pitr;

namespace {

std::vector<Place> three() {
  return {parse_place("/a"), parse_place("zstd=host:/b"), parse_place("gzip:1=rsync://host/c")};
}
bool met(const std::vector<std::string>& words, const std::vector<bool>& has) {
  return Requirement(words, three()).is_met_by(has);
}

}  // namespace

TEST_CASE("who must have a file") {
  struct Row {
    std::vector<std::string> words;
    bool none, first, first_two, last_two, all;
  };
  const Row rows[] = {
      {{}, false, false, false, false, true},
      {{"all"}, false, false, false, false, true},
      {{"any"}, false, true, true, true, true},
      {{"1"}, false, true, true, true, true},
      {{"2"}, false, false, true, true, true},
      {{"3"}, false, false, false, false, true},
      {{"/a"}, false, true, true, false, true},
      {{"host:/b"}, false, false, true, true, true},
      {{"host:/b", "rsync://host/c"}, false, false, false, true, true},
  };
  for (const Row& row : rows) {
    CAPTURE(row.words);
    CHECK(met(row.words, {false, false, false}) == row.none);
    CHECK(met(row.words, {true, false, false}) == row.first);
    CHECK(met(row.words, {true, true, false}) == row.first_two);
    CHECK(met(row.words, {false, true, true}) == row.last_two);
    CHECK(met(row.words, {true, true, true}) == row.all);
  }
  CHECK(Requirement().is_all());
  CHECK_FALSE(Requirement({"3"}, three()).is_all());
}

TEST_CASE("a requirement that no destination could meet is refused") {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"0"},
                                                {"4"},
                                                {"-1"},
                                                {"none"},
                                                {""},
                                                {"/b"},
                                                {"zstd=host:/b"},
                                                {"/a", "any"},
                                                {"all", "any"}}) {
    CAPTURE(words);
    CHECK(failure_of([&] { return Requirement(words, three()); }).code == Exit::usage);
  }
}
