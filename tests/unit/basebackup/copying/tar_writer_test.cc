#include "basebackup/copying/tar_writer.h"

#include <archive.h>
#include <archive_entry.h>
#include <grp.h>
#include <locale.h>
#include <pwd.h>
#include <unistd.h>

#include <ctime>
#include <memory>
#include <vector>

#include <doctest/doctest.h>

#include "common/base/error.h"
#include "common/codec/crc32c.h"
#include "common/process/process.h"
#include "tests/unit/scratch.h"

using namespace pitr;

namespace {

namespace fs = std::filesystem;

TarMember file(std::string path) {
  TarMember member;
  member.path = std::move(path);
  member.mode = 0640;
  member.owner = ::getuid();
  member.group = ::getgid();
  member.modified.tv_sec = 1700000000;
  return member;
}

TarMember directory(std::string path) {
  TarMember member = file(std::move(path));
  member.kind = Entry::Kind::directory;
  member.mode = 0750;
  return member;
}

TarMember link_to(std::string path, std::string target) {
  TarMember member = file(std::move(path));
  member.kind = Entry::Kind::symlink;
  member.target = std::move(target);
  return member;
}

// What the real tar does: `arguments` after the name of the archive, which holds `tar`.
Outcome run_tar(const Scratch& scratch, const std::string& tar, const std::vector<std::string>& arguments) {
  scratch.write("a.tar", tar);
  std::vector<std::string> words = {"env", "LC_ALL=C", "TZ=UTC", "tar", "-f", "a.tar"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return in_child([&] { return run(words, scratch / ""); });
}

// Names and contents as libarchive reads them; `from` is where it begins.
struct ReadMember {
  std::string path, content;
};
std::vector<ReadMember> read_tar(std::string_view tar) {
  // libarchive turns names into the character set of the locale.
  static const locale_t utf8 = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", static_cast<locale_t>(nullptr));
  ::uselocale(utf8);
  const std::unique_ptr<struct archive, decltype(&archive_read_free)> in(archive_read_new(),
                                                                         archive_read_free);
  archive_read_support_format_tar(in.get());
  REQUIRE(archive_read_open_memory(in.get(), tar.data(), tar.size()) == ARCHIVE_OK);
  std::vector<ReadMember> members;
  archive_entry* entry = nullptr;
  while (archive_read_next_header(in.get(), &entry) == ARCHIVE_OK) {
    ReadMember member{archive_entry_pathname(entry), {}};
    char buffer[1000];
    for (la_ssize_t n = 0; (n = archive_read_data(in.get(), buffer, sizeof buffer)) > 0;) {
      member.content.append(buffer, static_cast<std::size_t>(n));
    }
    members.push_back(std::move(member));
  }
  CHECK(archive_error_string(in.get()) == nullptr);
  ::uselocale(LC_GLOBAL_LOCALE);
  return members;
}

// Fails from the byte `limit` on, as a full disk does.
class FullSink final : public Sink {
 public:
  explicit FullSink(std::size_t limit) : limit_(limit) {}
  void write(Bytes bytes) override {
    if (written + bytes.size() > limit_) fail(Exit::late, "write x: no space left on device");
    written += bytes.size();
  }
  void finish() override {}
  std::size_t written = 0;

 private:
  std::size_t limit_;
};

Entry entry_of(std::uint64_t size) {
  Entry entry{Entry::Kind::file, "base/5/1259", "main/base/5/1259", "/nowhere", {}, {}};
  entry.status.st_size = static_cast<off_t>(size);
  entry.status.st_mode = S_IFREG | 0600;
  return entry;
}

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 31 + i / 251);
  return text;
}

}  // namespace

TEST_CASE("tar lists directories, files and links with their attributes") {
  std::string tar;
  StringSink sink(tar);
  TarWriter writer(std::make_unique<BorrowedSink>(sink));
  writer.add(directory("main"));
  writer.add(file("main/PG_VERSION"), as_bytes("15\n"));
  writer.add(link_to("main/pg_tblspc/16385", "../../tablespaces/mnt/fast"));
  writer.finish();
  CHECK(writer.offset() == tar.size());

  const Scratch scratch;
  const Outcome listed = run_tar(scratch, tar, {"-tv"});
  const std::string owner =
      std::string(::getpwuid(::getuid())->pw_name) + "/" + ::getgrgid(::getgid())->gr_name;
  CHECK(listed.status == 0);
  CHECK(listed.err == "");
  const std::string when = " 2023-11-14 22:13 ";
  CHECK(listed.out.find("drwxr-x--- " + owner + " ") == 0);
  CHECK(listed.out.find(when + "main/\n-rw-r----- ") != std::string::npos);
  CHECK(listed.out.find(" 3" + when + "main/PG_VERSION\nlrw") != std::string::npos);
  CHECK(listed.out.find(when + "main/pg_tblspc/16385 -> ../../tablespaces/mnt/fast\n") != std::string::npos);
}

TEST_CASE("what tar unpacks has the contents, permissions and times that were stored") {
  std::string tar;
  StringSink sink(tar);
  TarWriter writer(std::make_unique<BorrowedSink>(sink));
  const std::string content = pattern(100000);
  writer.add(directory("main"));
  writer.add(file("main/1259"), as_bytes(content));
  writer.add(file("main/empty"));
  writer.add(link_to("main/link", "1259"));
  writer.finish();

  const Scratch scratch;
  const Outcome unpacked = run_tar(scratch, tar, {"-xp"});
  CHECK(unpacked.status == 0);
  CHECK(unpacked.err == "");
  CHECK(text_of(scratch / "main/1259") == content);
  CHECK(fs::file_size(scratch / "main/empty") == 0);
  CHECK(fs::read_symlink(scratch / "main/link") == "1259");
  CHECK(static_cast<int>(fs::status(scratch / "main/1259").permissions()) == 0640);
  CHECK(static_cast<int>(fs::status(scratch / "main").permissions()) == 0750);
  struct stat status = {};
  REQUIRE(::stat((scratch / "main/1259").c_str(), &status) == 0);
  CHECK(status.st_mtime == 1700000000);
}

TEST_CASE("names of any length and any bytes survive, and GNU tar has nothing to say about UTF-8") {
  const std::vector<std::string> names = {
      "main/" + std::string(95, 'a'),
      "main/" + std::string(96, 'b'),
      "main/" + std::string(251, 'c'),
      "main/" + std::string(150, 'd') + "/" + std::string(200, 'e'),
      "main/T\303\244ble",   // composed
      "main/Ta\314\210ble",  // decomposed: must not be composed on the way
      "main/\342\202\254 \360\237\220\230",
      "main/a b\n\"c\""};
  std::string tar;
  StringSink sink(tar);
  TarWriter writer(std::make_unique<BorrowedSink>(sink));
  for (const std::string& name : names) writer.add(file(name), as_bytes(name));
  writer.add(link_to("link", "T\303\244ble/" + std::string(200, 'x')));
  writer.finish();

  const Scratch scratch;
  const Outcome unpacked = run_tar(scratch, tar, {"-x"});
  CHECK(unpacked.status == 0);
  CHECK(unpacked.err == "");
  for (const std::string& name : names) CHECK(text_of(scratch / name) == name);
  CHECK(fs::read_symlink(scratch / "link") == "T\303\244ble/" + std::string(200, 'x'));
  CHECK(read_tar(tar).size() == names.size() + 1);
}

TEST_CASE("a name that is not UTF-8 is stored as it is") {
  std::string tar;
  StringSink sink(tar);
  TarWriter writer(std::make_unique<BorrowedSink>(sink));
  writer.add(file("main/T\344ble"), as_bytes("latin1"));
  writer.add(link_to("main/l", "T\344ble"));
  writer.add(file("main/after"), as_bytes("x"));
  writer.finish();
  const Scratch scratch;
  CHECK(run_tar(scratch, tar, {"-x"}).status == 0);
  CHECK(text_of(scratch / "main/T\344ble") == "latin1");
  CHECK(fs::read_symlink(scratch / "main/l") == "T\344ble");
  CHECK(text_of(scratch / "main/after") == "x");
}

TEST_CASE("the offsets of a member lead to it") {
  std::string tar;
  StringSink sink(tar);
  TarWriter writer(std::make_unique<BorrowedSink>(sink));
  std::vector<std::pair<TarPosition, std::string>> members;
  for (const std::string& name :
       {std::string("short"), std::string(300, 'n'), std::string("\303\244"), std::string("z")}) {
    members.emplace_back(writer.add(file(name), as_bytes("content of " + name)), name);
  }
  writer.finish();
  CHECK(members[0].first.header == 0);
  CHECK(members[0].first.data == 512);
  CHECK(members[1].first.data > members[1].first.header + 512);  // it has a pax header
  for (const auto& [position, name] : members) {
    const auto& shown_name = name;  // clang 14 captures no structured binding
    CAPTURE(shown_name);
    CHECK(tar.substr(position.data, 11 + name.size()) == "content of " + name);
    // Whoever starts reading at the header finds the member under its full name.
    const auto read = read_tar(std::string_view(tar).substr(position.header));
    REQUIRE(!read.empty());
    CHECK(read[0].path == name);
    CHECK(read[0].content == "content of " + name);
  }
}

TEST_CASE("a file is written piece by piece, and must get as many bytes as were announced") {
  std::string tar;
  StringSink sink(tar);
  TarWriter writer(std::make_unique<BorrowedSink>(sink));
  TarMember member = file("x");
  member.size = 5;
  writer.begin(member);
  writer.write(as_bytes("ab"));
  CHECK_THROWS_WITH_AS(writer.end(), "write x into tar: 3 bytes fewer than announced", Error);
  CHECK_THROWS_WITH_AS(writer.write(as_bytes("cdef")), "write x into tar: more bytes than announced", Error);
  writer.write(as_bytes("cde"));
  writer.end();
  writer.finish();
  CHECK(read_tar(tar).at(0).content == "abcde");
}

TEST_CASE("files above 8 GiB and large IDs fit") {
  std::string tar;
  StringSink sink(tar);
  TarWriter writer(std::make_unique<BorrowedSink>(sink));
  TarMember member = file("big");
  member.size = 20'000'000'000;
  member.owner = 4'000'000'000;
  writer.begin(member);
  const Scratch scratch;
  const Outcome listed = run_tar(scratch, tar, {"-tv", "--numeric-owner"});
  CHECK(listed.out.find("4000000000/") != std::string::npos);
  CHECK(listed.out.find(" 20000000000 ") != std::string::npos);
}

TEST_CASE("what the sink throws comes out of the call, and nothing is written after it") {
  FullSink sink(1000);
  TarWriter writer(std::make_unique<BorrowedSink>(sink));
  writer.add(file("a"));
  try {
    writer.add(file("b"), as_bytes("x"));
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == Exit::late);
    CHECK(std::string(error.what()) == "write x: no space left on device");
  }
  CHECK_THROWS_AS(writer.finish(), Error);
  CHECK(sink.written == 512);
}

TEST_CASE("a tar that is abandoned gets no end") {
  std::string tar;
  StringSink sink(tar);
  {
    TarWriter writer(std::make_unique<BorrowedSink>(sink));
    TarMember member = file("x");
    member.size = 5;
    writer.begin(member);
  }
  CHECK(tar.size() == 512);
}

TEST_CASE("a file that has shrunk is filled up with zeros, one that has grown is cut") {
  struct Row {
    std::size_t size, announced;
  };
  for (const Row& row : {Row{0, 0}, Row{0, 8192}, Row{8192, 8192}, Row{8191, 8192}, Row{16384, 8192},
                         Row{5, 0}, Row{600000, 600000}, Row{300000, 1000000}, Row{1000000, 600000}}) {
    CAPTURE(row.size);
    CAPTURE(row.announced);
    const std::string content = pattern(row.size);
    std::string expected = content;
    expected.resize(row.announced, '\0');

    std::string tar, seen;
    StringSink sink(tar);
    TarWriter writer(std::make_unique<BorrowedSink>(sink));
    MemorySource source(as_bytes(content));
    const StoredMember stored = store_file(writer, entry_of(row.announced), source, [&](Bytes piece) {
      CHECK(seen.size() % 8192 == 0);
      seen.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    });
    writer.add(file("after"));
    writer.finish();

    const auto members = read_tar(tar);
    REQUIRE(members.size() == 2);
    CHECK(members[0].path == "main/base/5/1259");
    CHECK((members[0].content == expected));
    CHECK((seen == expected));
    CHECK(stored.size == row.announced);
    CHECK(stored.missing == (row.size < row.announced ? row.announced - row.size : 0));
    CHECK(stored.crc32c == crc32c(0, as_bytes(expected)));
    CHECK(tar.substr(stored.position.data, row.announced) == expected);
  }
}

TEST_CASE("a file that ends and then grows again is zeros from its end on") {
  class Flickering final : public Source {
   public:
    std::size_t read(std::span<std::byte> buffer) override {
      if (++calls_ == 2) return 0;
      std::fill(buffer.begin(), buffer.end(), std::byte{'x'});
      return std::min<std::size_t>(buffer.size(), 8192);
    }

   private:
    int calls_ = 0;
  };
  std::string tar;
  StringSink sink(tar);
  TarWriter writer(std::make_unique<BorrowedSink>(sink));
  Flickering source;
  const StoredMember stored = store_file(writer, entry_of(600000), source);
  CHECK(stored.missing == 600000 - 8192);
  CHECK(tar.substr(512, 8192) == std::string(8192, 'x'));
  CHECK(tar.substr(512 + 8192, 600000 - 8192) == std::string(600000 - 8192, '\0'));
}
