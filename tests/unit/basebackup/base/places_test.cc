#include "basebackup/base/places.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "tests/unit/failure.h"
#include "tests/unit/scratch.h"

using namespace pitr;

namespace {

std::vector<Place> places(const std::vector<const char*>& texts) {
  std::vector<Place> result;
  for (const char* text : texts) result.push_back(parse_place(text));
  return result;
}

std::vector<std::string> texts(const std::vector<Place>& places) {
  std::vector<std::string> result;
  for (const Place& place : places) result.push_back(place.place);
  return result;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE(
    "what has a copy of its codec here is delivered from it, the rest is streamed while the backup runs") {
  const Scratch scratch;
  ArrangedPlaces arranged;
  arrange_places(
      {places({"zstd:9=/a"}), places({"h:/direct"}), places({"zstd=h:/b", "gzip=h:/c", "rsync://h/m"})},
      scratch / "", arranged);
  REQUIRE(arranged.passing);
  const std::string passing = arranged.passing->path() / "none";
  CHECK(texts(arranged.written) == Texts{"/a", "h:/direct", "h:/c", passing});
  CHECK(texts(arranged.delivery.places) == Texts{"h:/b", "rsync://h/m"});
  CHECK(std::filesystem::is_directory(passing));
  arranged.passing.reset();
  CHECK(std::filesystem::is_empty(scratch / ""));
}

TEST_CASE("places that take whole files share a passing copy per codec") {
  const Scratch scratch;
  ArrangedPlaces arranged;
  arrange_places({{}, {}, places({"gzip=rsync://h/m", "gzip=rsync://g/m", "zstd=rsync://h/n", "gzip=h:/c"})},
                 scratch / "", arranged);
  CHECK(arranged.written.size() == 2);
  CHECK(arranged.delivery.places.size() == 4);
}

TEST_CASE("a place of the wrong kind, none at all, and the same one twice are refused") {
  CHECK(failure_of([] { check_places({}, ""); }).mentions("give --dst-local"));
  CHECK(failure_of([] { check_places({places({"h:/a"}), {}, {}}, ""); }).mentions("--dst-remote"));
  CHECK(failure_of([] { check_places({{}, places({"rsync://h/m"}), {}}, ""); }).mentions("--dst-remote"));
  CHECK(failure_of([] { check_places({{}, places({"/a"}), {}}, ""); }).mentions("--dst-local"));
  CHECK(failure_of([] { check_places({{}, {}, places({"/a"})}, ""); }).mentions("--dst-local"));
  CHECK(failure_of([] {
          check_places({{}, places({"h:/a/"}), places({"gzip=h:/a"})}, "");
        }).mentions("given twice"));
  CHECK(failure_of([] { check_places({{}, places({"h:/a"}), places({"g:/a"})}, ""); }).code == Exit::done);
}
