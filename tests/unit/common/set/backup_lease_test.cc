#include "common/set/backup_lease.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "tests/unit/failure.h"
#include "tests/unit/scratch.h"

using namespace pitr;

namespace {

struct Sets {
  std::vector<std::string> names(std::string_view set) const {
    std::vector<std::string> names;
    for (const Name& name : lease_files(*store, set)) names.push_back(name.text());
    std::ranges::sort(names);
    return names;
  }
  Scratch scratch;
  std::filesystem::path directory = [this] {
    std::filesystem::create_directory(scratch / "base");
    return scratch / "base";
  }();
  std::unique_ptr<Store> store = open_directory(directory, {0644, 0755});
};

const std::string set = "db1-data.tar";

}  // namespace

TEST_CASE("a lease is read as it was written, and renewed by its holder") {
  const Sets sets;
  CHECK_FALSE(last_lease(*sets.store, set));
  write_lease(*sets.store, set, {500000, "db2", "/data/new"});
  write_lease(*sets.store, set, {1000000, "db2", "/data/new"});
  const auto names = sets.names(set);
  REQUIRE(names.size() == 1);
  CHECK(names[0].starts_with("db1-data.tar.db2-"));
  CHECK(text_of(sets.directory / names[0]) ==
        "Expires: 1970-01-12T13:46:40Z\nHostname: db2\nData-Directory: /data/new\n");
}

TEST_CASE("every holder has a lease, the last one counts, and nobody ends that of another") {
  const Sets sets;
  const Lease earnest{1000000, "db2", "/data/new"}, elsewhere{600000, "db2", "/data/other"},
      drill{500000, "db3", "/data/new"};
  for (const Lease& lease : {earnest, elsewhere, drill}) write_lease(*sets.store, set, lease);
  write_lease(*sets.store, "db1-data-2.tar", {9000000, "db2", "/data/new"});
  CHECK(sets.names(set).size() == 3);
  CHECK(sets.names("").size() == 4);
  CHECK(last_lease(*sets.store, set)->expires == 1000000);
  remove_lease(*sets.store, set, drill);
  CHECK(last_lease(*sets.store, set)->data_directory == "/data/new");
  CHECK(sets.names(set).size() == 2);
  remove_lease(*sets.store, set, earnest);
  CHECK(last_lease(*sets.store, set)->expires == 600000);
  remove_lease(*sets.store, set, elsewhere);
  CHECK_FALSE(last_lease(*sets.store, set));
}

TEST_CASE("a lease that does not say when it ends is an error, and no lease that has ended") {
  const Sets sets;
  const std::string_view texts[] = {"",
                                    "Hostname: db1\n",
                                    "Expires: tomorrow\n",
                                    "Expires: 2026-11-22T20:00:00Z x\n",
                                    {"Expires: 2026-11-22T20:00:00Z\0x\n", 32},
                                    "Expires: 2026-11-22"};
  for (const std::string_view text : texts) {
    CAPTURE(text);
    std::filesystem::remove(sets.directory / "s.lease");
    std::ofstream(sets.directory / "s.lease") << text;
    CHECK(failure_of([&] { last_lease(*sets.store, "s"); }).code == Exit::damaged);
  }
}
