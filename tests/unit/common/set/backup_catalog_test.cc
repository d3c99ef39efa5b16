#include "common/set/backup_catalog.h"

#include <functional>

#include <doctest/doctest.h>

#include "basebackup/copying/tar_writer.h"
#include "tests/unit/failure.h"
#include "tests/unit/scratch.h"

using namespace pitr;

namespace {

std::string meta_text(std::time_t stop, SetState state = SetState::complete) {
  return format_meta({.min_xlog = *WalName::parse("000000010000000000000002"),
                      .started = stop - 10,
                      .timezone = "UTC",
                      .hostname = "db1",
                      .state = state,
                      .label = "nightly",
                      .from = BackupFrom::primary,
                      .start = {0x2000028},
                      .stop = {0x2000100},
                      .checkpoint = {0x2000060},
                      .start_time = stop - 9,
                      .stop_time = stop,
                      .start_timeline = Timeline{1},
                      .stop_timeline = Timeline{1},
                      .system_identifier = 7532000000000000001,
                      .server_version = "15.18",
                      .segment_size = *SegmentSize::of(16 << 20),
                      .data_directory = "/pg",
                      .raw_bytes = 1,
                      .stored_bytes = 2,  // a byte in each file of add_set()
                      .bad_pages = 0});
}

std::string meta_tar(const std::string& meta) {
  std::string bytes;
  StringSink sink(bytes);
  TarWriter tar(std::make_unique<BorrowedSink>(sink));
  const auto add = [&](const std::string& path, const std::string& text) {
    TarMember member;
    member.path = path;
    member.size = text.size();
    member.mode = 0600;
    tar.add(member, as_bytes(text));
  };
  add("meta", meta);
  add("backup_label", "label");
  tar.finish();
  return bytes;
}

std::string compressed(Codec codec, const std::string& text) {
  class Keep final : public Sink {
   public:
    explicit Keep(std::string& text) : sink_(text) {}
    void write(Bytes bytes) override { sink_.write(bytes); }
    void finish() override {}

   private:
    StringSink sink_;
  };
  std::string result;
  const auto sink = compress({codec}, 1, std::make_unique<Keep>(result));
  sink->write(as_bytes(text));
  sink->finish();
  return result;
}

struct Directory {
  Scratch scratch;
  std::unique_ptr<Store> store = open_directory(scratch / "", {});
  void add(const std::string& name, const std::string& content = "x") const { scratch.write(name, content); }
  void add_set(const std::string& before, const std::string& after, std::time_t stop) const {
    add(before + "data" + after);
    add(before + "xlog" + after);
    add(before + "meta" + after, compressed(Codec::zstd, meta_tar(meta_text(stop))));
  }
  Catalog catalog() const { return read_catalog(*store); }
};

std::vector<std::string> names_of(const std::vector<BackupSet>& sets) {
  std::vector<std::string> names;
  for (const BackupSet& set : sets) names.push_back(set.name);
  return names;
}
using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("sets are listed by their stop time, with the files that belong to them") {
  const Directory directory;
  directory.add_set("db1-", "-2026-08-02.tar.zst", 2000);
  directory.add_set("db1-", "-2026-08-01.tar.zst", 3000);
  directory.add("db1-SHA-256-2026-08-02.tar.zst");
  directory.add("db1-MD5-2026-08-02.tar.zst");
  directory.add("readme.txt");
  directory.add("000000010000000000000002.zst");
  const Catalog catalog = directory.catalog();
  CHECK(names_of(catalog.complete) == Names{"db1-data-2026-08-02.tar", "db1-data-2026-08-01.tar"});
  const BackupSet& set = catalog.complete[0];
  CHECK(set.meta_file.text() == "db1-meta-2026-08-02.tar.zst");
  REQUIRE(set.data);
  CHECK(set.data->text() == "db1-data-2026-08-02.tar.zst");
  REQUIRE(set.xlog);
  CHECK(set.xlog->text() == "db1-xlog-2026-08-02.tar.zst");
  CHECK(set.digests.size() == 2);
  CHECK(set.meta.label == "nightly");
  CHECK(catalog.orphans.empty());
  CHECK(catalog.unreadable.empty());
  CHECK(catalog.waiting.empty());
}

TEST_CASE("a host may be called what it likes, and a template may have no separators") {
  const Directory directory;
  directory.add_set("meta-", "-1.tar.zst", 1000);
  directory.add_set("metadata-waiting-", "-2.tar.zst", 2000);
  directory.add_set("", "db1.tar.zst", 3000);
  const Catalog catalog = directory.catalog();
  CHECK(names_of(catalog.complete) == Names{"meta-data-1.tar", "metadata-waiting-data-2.tar", "datadb1.tar"});
  CHECK(catalog.unreadable.empty());
  CHECK(catalog.orphans.empty());
}

TEST_CASE("a set whose WAL is not complete is no backup") {
  const Directory directory;
  directory.add("db1-data-1.tar");
  directory.add("db1-waiting-1.tar", meta_tar(meta_text(1000, SetState::waiting)));
  const Catalog catalog = directory.catalog();
  CHECK(catalog.complete.empty());
  REQUIRE(catalog.waiting.size() == 1);
  CHECK(catalog.waiting[0].meta_file.text() == "db1-waiting-1.tar");
  CHECK_FALSE(catalog.waiting[0].xlog);
}

TEST_CASE("of a set that was finished and kept its waiting file, meta decides") {
  const Directory directory;
  directory.add_set("db1-", "-1.tar.zst", 1000);
  directory.add("db1-waiting-1.tar.zst",
                compressed(Codec::zstd, meta_tar(meta_text(1000, SetState::waiting))));
  const Catalog catalog = directory.catalog();
  CHECK(catalog.complete.size() == 1);
  CHECK(catalog.waiting.empty());
  CHECK(catalog.orphans.empty());
}

TEST_CASE("a meta file that cannot be read is never overlooked") {
  const std::string good = compressed(Codec::zstd, meta_tar(meta_text(1000)));
  for (const std::string& content :
       {std::string(), good.substr(0, good.size() / 2), std::string("garbage"),
        compressed(Codec::zstd, "no tar"), compressed(Codec::zstd, meta_tar("Min-Xlog: x\n"))}) {
    for (const bool with_data : {true, false}) {
      const Directory directory;
      if (with_data) directory.add("db1-data-1.tar.zst");
      directory.add("db1-meta-1.tar.zst", content);
      const Catalog catalog = directory.catalog();
      CHECK(catalog.complete.empty());
      REQUIRE(catalog.unreadable.size() == 1);
      CHECK(catalog.unreadable[0].name == "db1-data-1.tar");
      CHECK(catalog.unreadable[0].reason.find("db1-meta-1.tar.zst") != std::string::npos);
      CHECK(catalog.orphans.empty());
    }
  }
}

TEST_CASE("files of a set without its meta file are orphans") {
  const Directory directory;
  directory.add("db1-data-1.tar.gz");
  directory.add("db1-SHA-512-1.tar.gz");
  directory.add("notes.tar.gz");
  CHECK(directory.catalog().orphans.size() == 2);
}

TEST_CASE("OmniPITR's meta files are plain text, whatever their names say") {
  const std::string text =
      "Min-Xlog: 000000010000000000000002\nStarted-epoch: 1441788654\nTimezone: EDT\nHostname: db1\n";
  for (const std::string& content : {text, compressed(Codec::gzip, text)}) {
    const Directory directory;
    directory.add("db1-data-1.tar.gz");
    directory.add("db1-meta-1.tar.gz", content);
    const Catalog catalog = directory.catalog();
    REQUIRE(catalog.complete.size() == 1);
    CHECK(catalog.complete[0].meta.format == 0);
  }
}

TEST_CASE("a set is named by its name or any of its files") {
  const Directory directory;
  directory.add_set("db1-", "-1.tar.zst", 1000);
  directory.add("db1-meta-2.tar.zst");
  const Catalog catalog = directory.catalog();
  for (const std::string text :
       {"db1-data-1.tar", "db1-data-1.tar.zst", "db1-meta-1.tar.zst", "db1-xlog-1.tar.zst"}) {
    CHECK(set_named(catalog, text).name == "db1-data-1.tar");
  }
  CHECK(set_named(catalog, "data-1").name == "db1-data-1.tar");
  CHECK(failure_of([&] { return set_named(catalog, "db1-data-3.tar").name; }).code == Exit::usage);
  CHECK(failure_of([&] { return set_named(catalog, "db1-data-2.tar").name; }).code == Exit::damaged);
}

TEST_CASE("a file's siblings have its name with another type") {
  const auto name = [](std::string_view text) { return *Name::parse(text); };
  const SetNames names = names_of_set(name("meta-waiting-1.tar.gz"), name("meta-data-1.tar.gz"));
  CHECK(names.file(SetPart::xlog, Codec::none) == name("meta-xlog-1.tar.gz"));
  CHECK(names.file(SetPart::meta, Codec::gzip) == name("meta-meta-1.tar.gz"));
  CHECK(names.digest("MD5", Codec::none) == name("meta-MD5-1.tar.gz"));
  CHECK(failure_of([&] {
          return names_of_set(name("a-meta"), name("b-data")).file(SetPart::xlog, Codec::none).text();
        }).code == Exit::damaged);
}

TEST_CASE("what is written beside a set is neither a set nor a part of one") {
  const Scratch scratch;
  std::filesystem::create_directory(scratch / "base");
  for (const std::string_view name :
       {"h-meta-1.tar.zst.removing", "h-waiting-1.tar.zst.removing", "h-data-1.tar.removing",
        "h-data-1.tar.db-meta-00000001.lease", "h-data-1.tar.pin"}) {
    scratch.write("base/" + std::string(name), "h-meta-1.tar.zst\n");
  }
  const auto store = open_directory(scratch / "base", {});
  const Catalog catalog = read_catalog(*store);
  CHECK(catalog.unreadable.empty());
  CHECK(catalog.complete.empty());
  CHECK(catalog.waiting.empty());
  CHECK(catalog.orphans.empty());
}

TEST_CASE("a set whose files are missing or have not their length is damaged, and no backup") {
  struct Row {
    std::string_view what, damage;
    std::function<void(const Directory&)> harm;
  };
  const Row rows[] = {
      {"nothing is wrong", "", [](const Directory&) {}},
      {"no data", "its data file is missing",
       [](const Directory& d) { d.store->remove(*Name::parse("db1-data-1.tar.zst")); }},
      {"no xlog", "its files hold 1 bytes of 2, and there is no xlog file",
       [](const Directory& d) { d.store->remove(*Name::parse("db1-xlog-1.tar.zst")); }},
      {"cut", "its files hold 1 bytes of 2", [](const Directory& d) { d.add("db1-data-1.tar.zst", ""); }},
      {"grown", "its files hold 3 bytes of 2", [](const Directory& d) { d.add("db1-xlog-1.tar.zst", "xx"); }},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    const Directory directory;
    directory.add_set("db1-", "-1.tar.zst", 1000);
    directory.add_set("db1-", "-0.tar.zst", 900);
    row.harm(directory);
    const Catalog catalog = directory.catalog();
    CHECK(catalog.complete.size() == (row.damage.empty() ? 2 : 1));
    CHECK(catalog.complete.front().name == "db1-data-0.tar");
    CHECK(catalog.damaged.size() == (row.damage.empty() ? 0 : 1));
    CHECK(set_named(catalog, "db1-data-1.tar").damage == row.damage);
    CHECK(catalog.orphans.empty());
  }
}

TEST_CASE("what pitr-expire is removing is no set without its meta file") {
  const Directory directory;
  directory.add_set("db1-", "-1.tar.zst", 1000);
  directory.add("db1-data-2.tar.zst");
  directory.add("db1-data-3.tar.zst");
  directory.add("db1-data-2.tar.removing", "db1-meta-2.tar.zst\ndb1-data-2.tar.zst\n");
  const Catalog catalog = directory.catalog();
  REQUIRE(catalog.being_removed.size() == 1);
  CHECK(catalog.being_removed[0].text() == "db1-data-2.tar.zst");
  REQUIRE(catalog.orphans.size() == 1);
  CHECK(catalog.orphans[0].text() == "db1-data-3.tar.zst");
}
