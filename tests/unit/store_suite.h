#pragma once

#include <sys/stat.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "common/os/signals.h"
#include "common/store/store.h"
#include "tests/unit/companion.h"
#include "tests/unit/failure.h"
#include "tests/unit/scratch.h"

// Every obligation of common/store/store.h, for each kind of store: a test of a new kind derives from
// StorePlace and calls store_suite().
namespace pitr {

// An empty place, gone with the object, and the ways into it that lead past the Store: behind every kind
// there is a directory of this machine.
class StorePlace {
 public:
  virtual ~StorePlace() = default;
  virtual std::unique_ptr<Store> open() = 0;  // a Store of this place, each time another one
  // The temporary file that a dead writer of `name` leaves.
  virtual std::string litter(const std::string& name) const { return name + ".tmp.0"; }
  virtual void plant_litter(const std::string& name) { plant(litter(name), "half"); }
  // Can the place tell whether the writer of a file lives? Else it takes the young ones for living.
  virtual bool can_tell_writers() const { return true; }

  void plant(const std::string& name, std::string_view bytes) { scratch_.write(name, bytes); }
  void plant_link(const std::string& name, const std::string& target) {
    std::filesystem::create_symlink(target, scratch_ / name);
  }
  void plant_directory(const std::string& name) { std::filesystem::create_directory(scratch_ / name); }
  void plant_fifo(const std::string& name) { REQUIRE(::mkfifo((scratch_ / name).c_str(), 0600) == 0); }
  // Everything that lies there, also what list() hides.
  virtual std::set<std::string> names() {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(scratch_ / ""))
      names.insert(entry.path().filename());
    return names;
  }
  std::string bytes_of(const std::string& name) { return text_of(scratch_ / name); }

 protected:
  std::filesystem::path directory() const { return scratch_ / ""; }

 private:
  Scratch scratch_;
};

class StoreSuite {
 public:
  explicit StoreSuite(std::unique_ptr<StorePlace> place) : place_(std::move(place)), store_(place_->open()) {}

  void create() {
    auto sink = store_->create(name("a"));
    sink->write(as_bytes("one "));
    CHECK_FALSE(store_->open(name("a")));
    CHECK_FALSE(store_->modified(name("a")));
    CHECK(listed().empty());
    sink->write(as_bytes("two"));
    CHECK_FALSE(place_->names().contains("a"));
    sink->finish();
    CHECK(place_->bytes_of("a") == "one two");
    CHECK(store_->has_living_writer(name("a")));
    sink.reset();
    CHECK(store_->has_living_writer(name("a")) != place_->can_tell_writers());
    CHECK(place_->names() == std::set<std::string>{"a"});
    CHECK(content(*place_->open(), "a") == "one two");
    // Nothing written is an empty file.
    store_->create(name("empty"))->finish();
    CHECK(content(*store_, "empty").empty());
  }

  void create_large() {
    std::string bytes(5'000'001, '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 31 + i / 251);
    put("large", bytes);
    CHECK((content(*store_, "large") == bytes));
  }

  void abandon() {
    { store_->create(name("nothing")); }
    {
      const auto sink = store_->create(name("half"));
      sink->write(as_bytes("half"));
    }
    CHECK(place_->names().empty());
    CHECK_FALSE(store_->open(name("half")));
  }

  void never_replace() {
    put("a", "old");
    {
      const auto sink = store_->create(name("a"));
      sink->write(as_bytes("new"));
      CHECK_THROWS_AS(sink->finish(), AtomicFile::Conflict);
    }
    CHECK(content(*store_, "a") == "old");
    place_->plant_link("link", "a");
    place_->plant_link("dangling", "nowhere");
    place_->plant_directory("directory");
    for (const std::string taken : {"link", "dangling", "directory"}) {
      CAPTURE(taken);
      const auto sink = store_->create(name(taken));
      sink->write(as_bytes("new"));
      CHECK_THROWS_AS(sink->finish(), AtomicFile::Conflict);
    }
    CHECK(content(*store_, "a") == "old");
    CHECK(place_->names() == std::set<std::string>{"a", "dangling", "directory", "link"});
  }

  void two_writers() {
    const auto other_store = place_->open();
    auto one = store_->create(name("a"));
    auto other = other_store->create(name("a"));
    one->write(as_bytes("one"));
    other->write(as_bytes("other"));
    other->finish();
    CHECK_THROWS_AS(one->finish(), AtomicFile::Conflict);
    one.reset();
    other.reset();
    CHECK(content(*store_, "a") == "other");
    CHECK(place_->names() == std::set<std::string>{"a"});
  }

  void open_missing() {
    CHECK_FALSE(store_->open(name("missing")));
    CHECK_FALSE(store_->modified(name("missing")));
    CHECK(place_->names().empty());
  }

  void open_irregular() {
    put("a", "precious");
    place_->plant_link("link", "a");
    place_->plant_link("dangling", "nowhere");
    place_->plant_link("loop", "loop");
    place_->plant_directory("directory");
    place_->plant_fifo("fifo");
    for (const std::string irregular : {"link", "dangling", "loop", "directory", "fifo"}) {
      CAPTURE(irregular);
      const Failure failure = failure_of([&] { return store_->open(name(irregular)); });
      CHECK(failure.code == Exit::failed);
      CHECK(failure.mentions(irregular));
    }
  }

  void modified() {
    using Clock = std::chrono::system_clock;
    const auto before = Clock::now();
    put("a", "x");
    const auto when = store_->modified(name("a"));
    REQUIRE(when);
    // Another clock, or a coarse one, may be a little off.
    CHECK(*when > before - std::chrono::minutes(5));
    CHECK(*when < Clock::now() + std::chrono::minutes(5));
  }

  void sync() {
    put("a", "stored");
    place_->plant("planted", "copied by somebody");
    if (place_->can_tell_writers()) place_->plant_litter("planted");
    store_->sync(name("a"));
    store_->sync(name("planted"));
    CHECK(place_->names() == std::set<std::string>{"a", "planted"});
    CHECK(content(*store_, "a") == "stored");
    CHECK(failure_of([&] { store_->sync(name("missing")); }).code == Exit::failed);
    place_->plant_link("link", "a");
    CHECK(failure_of([&] { store_->sync(name("link")); }).code == Exit::failed);
  }

  void list() {
    CHECK(listed().empty());
    const std::set<std::string> stored = {"000000010000000000000001", "000000010000000000000002.zst",
                                          "000000020000000000000001", "00000002.history",
                                          "file with spaces",         "\xC3\xA4",
                                          std::string(200, 'x')};
    for (const std::string& each : stored) put(each, "");
    place_->plant(".hidden", "");
    place_->plant("-n", "");
    place_->plant("new\nline", "");
    place_->plant("000000010000000000000003.tmp.0", "");
    CHECK(listed() == stored);
    CHECK(listed("00000001") ==
          std::set<std::string>{"000000010000000000000001", "000000010000000000000002.zst"});
    CHECK(listed("00000002") == std::set<std::string>{"000000020000000000000001", "00000002.history"});
    CHECK(listed("000000010000000000000002.zst").size() == 1);
    CHECK(listed("000000010000000000000002.zstd").empty());
    CHECK(listed("9").empty());
  }

  void list_stops() {
    for (const std::string each : {"a", "b", "c", "d"}) put(each, "");
    int seen = 0;
    store_->list("", [&](const Name&) { return ++seen < 2; });
    CHECK(seen == 2);
    // What the caller throws comes out, and the store is as good as before.
    const auto give_up = [](const Name&) -> bool { fail(Exit::late, "enough"); };
    CHECK(failure_of([&] { store_->list("", give_up); }).message == "enough");
    CHECK(listed().size() == 4);
  }

  void list_while_used() {
    for (const std::string each : {"a", "b", "c"}) put(each, each);
    std::set<std::string> seen;
    store_->list("", [&](const Name& each) {
      seen.insert(each.text());
      CHECK(content(*store_, each.text()) == each.text());
      return true;
    });
    CHECK(seen.size() == 3);
  }

  void list_many() {
    constexpr int many = 20'000;
    for (int i = 0; i < many; ++i) place_->plant(fmt::format("{:08X}{:016X}", 1 + i % 2, i), "");
    std::vector<bool> seen(many);
    int count = 0;
    store_->list("00000001", [&](const Name& each) {
      seen[static_cast<std::size_t>(std::stoi(each.text().substr(8), nullptr, 16))] = true;
      ++count;
      return true;
    });
    CHECK(count == many / 2);
    CHECK(std::ranges::count(seen, true) == many / 2);
  }

  void remove() {
    put("a", "");
    put("b", "");
    store_->remove(name("a"));
    CHECK(place_->names() == std::set<std::string>{"b"});
    store_->remove(name("a"));
    CHECK_FALSE(store_->open(name("a")));
    place_->plant_link("link", "b");
    store_->remove(name("link"));
    CHECK(place_->names() == std::set<std::string>{"b"});
    place_->plant_directory("directory");
    CHECK(failure_of([&] { store_->remove(name("directory")); }).code == Exit::failed);
    // The name is free again.
    put("a", "new");
    CHECK(content(*store_, "a") == "new");
  }

  // Where the place has such a lock.
  void lock() {
    put("a", "");
    if (!store_->lock(name("a"))) return;
    auto holder = std::make_unique<Companion>([&] { return place_->open()->lock(name("a")); });
    const Outcome waiting = in_child([&] {
      catch_signals();
      ::raise(SIGTERM);  // ends the wait, and nothing else
      return failure_of([&] { return store_->lock(name("a")); }).message == "interrupted by SIGTERM" ? 0 : 1;
    });
    CHECK(waiting.status == 0);
    holder.reset();
    CHECK(store_->lock(name("a")));
    CHECK(store_->lock(name("a")));  // the first one ended with its owner
  }

  void remove_litter() {
    put("a", "stored");
    for (const std::string each : {"a", "b"}) place_->plant_litter(each);
    place_->plant("a.tmp.x", "half");
    const auto live = store_->create(name("live"));
    live->write(as_bytes("half"));
    const auto before = place_->names();
    store_->remove_litter();
    auto expected = before;
    expected.erase(place_->litter("a"));
    expected.erase(place_->litter("b"));
    CHECK(place_->names() == expected);
    live->finish();
    CHECK(content(*store_, "live") == "half");
  }

  void describe() {
    CHECK(store_->describe(name("a")) == store_->describe() + "/a");
    CHECK_FALSE(store_->describe().empty());
    CHECK(store_->describe() == place_->open()->describe());
  }

 private:
  static Name name(std::string_view text) { return Name::parse(text).value(); }

  void put(const std::string& text, std::string_view bytes) {
    const auto sink = store_->create(name(text));
    if (!bytes.empty()) sink->write(as_bytes(bytes));
    sink->finish();
  }
  static std::string content(Store& store, const std::string& text) {
    const auto source = store.open(name(text));
    if (!source) return "(missing)";
    std::string bytes;
    StringSink sink(bytes);
    copy(*source, sink);
    return bytes;
  }
  std::set<std::string> listed(std::string_view prefix = "") {
    std::set<std::string> names;
    store_->list(prefix, [&](const Name& each) { return names.insert(each.text()).second; });
    return names;
  }

  std::unique_ptr<StorePlace> place_;
  std::unique_ptr<Store> store_;
};

inline void store_suite(const std::function<std::unique_ptr<StorePlace>()>& make_place) {
  StoreSuite suite(make_place());
  SUBCASE("a file appears whole at finish()") { suite.create(); }
  SUBCASE("a large file comes back as it was") { suite.create_large(); }
  SUBCASE("an unfinished file leaves nothing") { suite.abandon(); }
  SUBCASE("nothing is ever replaced") { suite.never_replace(); }
  SUBCASE("of two writers of one name one wins, whole") { suite.two_writers(); }
  SUBCASE("a missing file is null") { suite.open_missing(); }
  SUBCASE("what is no regular file is an error") { suite.open_irregular(); }
  SUBCASE("a file knows when it was stored") { suite.modified(); }
  SUBCASE("an existing file can be made durable") { suite.sync(); }
  SUBCASE("every stored file is listed by its prefix, and no temporary one") { suite.list(); }
  SUBCASE("a listing ends when the caller has seen enough") { suite.list_stops(); }
  SUBCASE("files can be read while they are listed") { suite.list_while_used(); }
  SUBCASE("many names are listed") { suite.list_many(); }
  SUBCASE("a removed file is gone, a missing one is fine") { suite.remove(); }
  SUBCASE("who asks for a lock that is held waits for it") { suite.lock(); }
  SUBCASE("what dead writers left is removed, and nothing else") { suite.remove_litter(); }
  SUBCASE("messages name the place and the file") { suite.describe(); }
}

}  // namespace pitr
