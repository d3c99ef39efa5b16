#include "common/cli/remote_options.h"

#include <doctest/doctest.h>

#include "tests/unit/failure.h"

using namespace pitr;

namespace {

void parse(Remote& remote, const std::vector<const char*>& words) {
  const Manual manual{"test", "", "", "", "", ""};
  parse_options(manual, with_remote_options({}, remote), words);
}

}  // namespace

TEST_CASE("how other hosts are reached is handed on to another program, without what is the default anyway") {
  Remote remote;
  parse(remote, {"--remote-timeout", "30"});
  CHECK(remote_words(remote).empty());
  parse(remote, {"-ssh", "/opt/my ssh", "-rp", "rsync3", "--remote-timeout=5"});
  const std::vector<std::string> words = {"--ssh-path=/opt/my ssh", "--rsync-path=rsync3",
                                          "--remote-timeout=5"};
  REQUIRE(remote_words(remote) == words);
  Remote other;
  parse(other, {words[0].c_str(), words[1].c_str(), words[2].c_str()});
  CHECK(remote_words(other) == words);
}

TEST_CASE("a timeout that is none is refused") {
  for (const char* text : {"0", "-1", "", "x", "3601", "1s"}) {
    CAPTURE(text);
    Remote remote;
    CHECK(failure_of([&] { parse(remote, {"--remote-timeout", text}); }).code == Exit::usage);
  }
}

TEST_CASE("a place without a codec is taken as it is") {
  const Remote remote;
  Place place;
  const auto set = set_place_without_codec(place, remote);
  for (const char* text : {"/a", "zstd=/a", "me@host:/a", "rsync://host/m"}) {
    set(text);
    CHECK(place.place == text);
    CHECK_FALSE(place.has_codec);
    CHECK(place.remote == &remote);
  }
  CHECK(failure_of([&] { set(""); }).code == Exit::usage);
}
