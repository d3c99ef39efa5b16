#include "common/set/tar_reader.h"

#include <vector>

#include <doctest/doctest.h>

#include "common/process/process.h"
#include "tests/unit/failure.h"
#include "tests/unit/scratch.h"

using namespace pitr;

namespace {

struct Member {
  TarEntry entry;
  std::string content;
};

std::vector<Member> members_of(const std::string& tar) {
  std::vector<Member> members;
  MemorySource source(as_bytes(tar));
  TarReader reader(source, "a.tar");
  for (TarEntry entry; reader.next(entry);) {
    std::string content;
    StringSink sink(content);
    if (entry.kind == TarEntry::Kind::file) copy(reader.content(), sink);
    members.push_back({entry, content});
  }
  return members;
}

// What GNU tar makes of the files that `commands` create.
std::string tar_of(const std::string& commands, const std::string& format = "--format=gnu") {
  const Scratch scratch;
  std::filesystem::create_directory(scratch / "d");
  REQUIRE(run({"bash", "-c", commands}, scratch / "d") == 0);
  REQUIRE(run({"bash", "-c", "LC_ALL=C tar --sort=name \"$1\" -cf ../a.tar *", "bash", format},
              scratch / "d") == 0);
  return text_of(scratch / "a.tar");
}

}  // namespace

TEST_CASE("every kind of member is told with its attributes and its bytes") {
  for (const std::string format : {"--format=gnu", "--format=pax", "--format=ustar"}) {
    CAPTURE(format);
    const auto members =
        members_of(tar_of("printf hello >a; chmod 640 a; touch -d @1700000000 a; mkdir -m 750 b; ln -s ../x "
                          "c; ln a d; mkfifo e",
                          format));
    REQUIRE(members.size() == 5);
    CHECK(members[0].entry.kind == TarEntry::Kind::file);
    CHECK(members[0].entry.path == "a");
    CHECK(members[0].entry.size == 5);
    CHECK(members[0].entry.mode == 0640);
    CHECK(members[0].entry.modified == 1700000000);
    CHECK(members[0].content == "hello");
    CHECK(members[1].entry.kind == TarEntry::Kind::directory);
    CHECK(members[1].entry.path == "b/");
    CHECK(members[2].entry.kind == TarEntry::Kind::symlink);
    CHECK(members[2].entry.target == "../x");
    CHECK(members[3].entry.kind == TarEntry::Kind::hardlink);
    CHECK(members[3].entry.target == "a");
    CHECK(members[4].entry.kind == TarEntry::Kind::other);
  }
}

TEST_CASE("names of any length and any bytes are told as they are") {
  const std::string commands =
      "long=$(printf %0200d 7); mkdir $long; echo x >$long/$long; printf x >$(printf \"T\\344st\"); printf y "
      ">$(printf \"\\303\\244\")";
  for (const std::string format : {"--format=gnu", "--format=pax"}) {
    CAPTURE(format);
    const auto members = members_of(tar_of(commands, format));
    REQUIRE(members.size() == 4);
    const std::string long_name = std::string(199, '0') + "7";
    CHECK(members[1].entry.path == long_name + "/" + long_name);
    CHECK(members[2].entry.path == "T\344st");
    CHECK(members[3].entry.path == "\303\244");
    CHECK(members[3].content == "y");
  }
}

TEST_CASE("a member that is not read is passed over") {
  const std::string tar = tar_of("head -c 3000000 /dev/zero >a; echo b >b");
  MemorySource source(as_bytes(tar));
  TarReader reader(source, "a.tar");
  TarEntry entry;
  REQUIRE(reader.next(entry));
  REQUIRE(reader.next(entry));
  CHECK(entry.path == "b");
  CHECK_FALSE(reader.next(entry));
}

TEST_CASE("a tar that is cut off anywhere is no whole one") {
  const std::string tar = tar_of("echo one >a; echo two >b");
  REQUIRE(members_of(tar).size() == 2);
  // Up to the second block of zeros.
  for (std::size_t size = 0; size < 512 * 6; size += 256) {
    CAPTURE(size);
    const Failure failure = failure_of([&] { return members_of(tar.substr(0, size)); });
    CHECK(failure.code == Exit::damaged);
    CHECK(failure.mentions("a.tar: "));
  }
  CHECK(members_of(tar.substr(0, 512 * 6)).size() == 2);
}

TEST_CASE("zeros at the end of a member are no end of the tar") {
  const std::string tar = tar_of("head -c 5000 /dev/zero >a; echo two >b");
  const Failure failure = failure_of([&] { return members_of(tar.substr(0, 512 + 5120)); });
  CHECK(failure.code == Exit::damaged);
  CHECK(failure.mentions("ends early, after member a"));
}

TEST_CASE("what is no tar is refused") {
  for (const std::string& text :
       {std::string("not a tar"), std::string(5000, 'x'), std::string(10240, '\0')}) {
    CHECK(failure_of([&] { return members_of(text); }).code == Exit::damaged);
  }
}

TEST_CASE("an error of the source comes out as it is") {
  class Broken final : public Source {
    std::size_t read(std::span<std::byte>) override { fail(Exit::failed, "the disk is gone"); }
  } broken;
  TarEntry entry;
  CHECK(failure_of([&] { return TarReader(broken, "a.tar").next(entry); }).message == "the disk is gone");
}
