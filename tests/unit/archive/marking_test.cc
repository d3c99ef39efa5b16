#include "archive/marking.h"

#include <doctest/doctest.h>

#include "tests/unit/failure.h"
#include "tests/unit/scratch.h"
#include "tests/unit/wal_samples.h"

using namespace pitr;
using namespace pitr::wal_samples;

namespace {

namespace fs = std::filesystem;

const ClusterIdentity ours{our_cluster, segment_size()};
const ClusterIdentity others{42, segment_size()};

// Destinations that can be unmounted, and a state directory.
struct Destination {
  explicit Destination(std::string_view name = "wal") : path(scratch / name) { fs::create_directory(path); }

  Failure require(const std::optional<ClusterIdentity>& identity = ours, bool with_state = true) const {
    return require_at(path, identity, with_state);
  }
  Failure require_at(const fs::path& place, const std::optional<ClusterIdentity>& identity = ours,
                     bool with_state = true) const {
    const auto store = open_directory(place, {});
    Log log = file_log();
    return failure_of(
        [&] { require_marker(*store, identity, with_state ? state : fs::path(), {}, log, [] {}); });
  }
  Failure mark(const ClusterIdentity& identity = ours, bool with_state = false) const {
    const auto store = open_directory(path, {});
    Log log = file_log();
    return failure_of([&] { pitr::mark(*store, identity, with_state ? state : fs::path(), {}, log, [] {}); });
  }
  bool is_marked() const { return fs::exists(path / "pitr-archive.id"); }
  // The disk goes; the empty directory below it is what is left.
  void unmount() const {
    fs::remove_all(path);
    fs::create_directory(path);
  }

  Scratch scratch;
  fs::path path;
  fs::path state = scratch / "state/below";

 private:
  Log file_log() const {
    Log log("pitr-test");
    log.set_file((scratch / "log").native());
    return log;
  }
};

}  // namespace

TEST_CASE("a destination with the marker of the cluster is taken") {
  const Destination destination;
  REQUIRE(destination.mark().message == "");
  for (const bool with_state : {true, false}) {
    CHECK(destination.require(ours, with_state).message == "");
    CHECK(destination.require(std::nullopt, with_state).message == "");
  }
}

TEST_CASE("a destination with the marker of another cluster is refused") {
  const Destination destination;
  REQUIRE(destination.mark(others).message == "");
  for (const bool with_state : {true, false}) {
    const Failure failure = destination.require(ours, with_state);
    CHECK(failure.code == Exit::failed);
    CHECK(failure.mentions("is the archive of cluster 42, this WAL is of 7711050547671864261"));
  }
  CHECK(destination.require({{our_cluster, segment_size(2 * megabyte)}}).code == Exit::failed);
}

TEST_CASE("a cluster with another segment size is another cluster") {
  const Destination destination;
  REQUIRE(destination.mark({our_cluster, segment_size(2 * megabyte)}).message == "");
  CHECK(destination.require().code == Exit::failed);
}

TEST_CASE("a damaged marker is never overwritten") {
  const Destination destination;
  destination.scratch.write("wal/pitr-archive.id", "garbage");
  CHECK(destination.require().code == Exit::damaged);
  CHECK(text_of(destination.path / "pitr-archive.id") == "garbage");
}

TEST_CASE("with a state directory the first archiving marks an empty destination, once") {
  const Destination destination;
  CHECK(destination.require().message == "");
  CHECK(destination.is_marked());
  CHECK(read_marker(*open_directory(destination.path, {})) == ours);
  destination.unmount();
  const Failure failure = destination.require();
  CHECK(failure.code == Exit::failed);
  CHECK(failure.mentions("lost its marker pitr-archive.id; is its disk mounted?"));
  CHECK(fs::is_empty(destination.path));
}

TEST_CASE("a destination that was marked by hand is remembered, too") {
  const Destination destination;
  REQUIRE(destination.mark().message == "");
  CHECK(destination.require().message == "");
  destination.unmount();
  CHECK(destination.require().code == Exit::failed);
  CHECK_FALSE(destination.is_marked());
}

TEST_CASE("a destination that could not be remembered is used, and remembered the next time") {
  const Destination destination;
  fs::create_symlink("nowhere", destination.scratch / "state");
  CHECK(destination.require().message == "");
  CHECK(destination.is_marked());
  CHECK(text_of(destination.scratch / "log").find("ERROR") != std::string::npos);
  fs::remove(destination.scratch / "state");
  CHECK(destination.require().message == "");
  destination.unmount();
  CHECK(destination.require().code == Exit::failed);
  CHECK_FALSE(destination.is_marked());
}

TEST_CASE("without a state directory an unmarked destination is refused, and the message says what to do") {
  const Destination destination;
  const Failure failure = destination.require(ours, false);
  CHECK(failure.code == Exit::failed);
  CHECK(failure.mentions("has no marker pitr-archive.id"));
  CHECK(failure.mentions("pitr-archive --init -dl " + destination.path.native()));
  CHECK(fs::is_empty(destination.path));
}

TEST_CASE("a destination that holds WAL of the cluster is marked by the first archiving") {
  for (const Codec codec : {Codec::none, Codec::zstd}) {
    const Destination destination;
    const std::string file = "wal/000000010000000000000007" + std::string(suffix(codec));
    destination.scratch.write(file, stored_as(codec, segment()));
    destination.scratch.write("wal/notes", "");
    CHECK(destination.require(ours, false).mentions("has no marker pitr-archive.id"));
    CHECK_FALSE(destination.is_marked());
    CHECK(destination.require().message == "");
    CHECK(read_marker(*open_directory(destination.path, {})) == ours);
    // The disk goes, and what it hid is WAL of the cluster, too: it is not the archive that was marked.
    fs::remove(destination.path / "pitr-archive.id");
    CHECK(destination.require().mentions("lost its marker"));
  }
}

TEST_CASE("a destination that holds another cluster's WAL, or none at all, is never marked by itself") {
  const Destination destination;
  destination.scratch.write("wal/000000010000000000000007", segment_named("000000010000000000000007", 42));
  CHECK(destination.require().mentions("holds the WAL of cluster 42"));
  CHECK_FALSE(destination.is_marked());
  destination.scratch.write("wal/000000010000000000000007", "damaged");
  CHECK(destination.require().code != Exit::done);
  CHECK_FALSE(destination.is_marked());
  fs::remove(destination.path / "000000010000000000000007");
  destination.scratch.write("wal/notes", "");
  CHECK(destination.require().mentions("what lies in it is no WAL"));
  CHECK_FALSE(destination.is_marked());
  fs::remove(destination.path / "notes");
  fs::create_directory(destination.path / "lost+found");
  destination.scratch.write("wal/000000010000000000000007.tmp.0", "half");
  CHECK(destination.require().message == "");
  CHECK(destination.is_marked());
}

TEST_CASE("a spool is marked when it is first used, and missed when its disk is not mounted") {
  const Destination destination("spool");
  const auto require = [&](const ClusterIdentity& identity) {
    Log log("pitr-test");
    log.set_file((destination.scratch / "log").native());
    return failure_of(
        [&] { require_spool(destination.path.native() + "/", identity, destination.state, {}, log); });
  };
  // One of an older version holds queues, and no marker.
  destination.scratch.write("spool/host:%2Fwal/000000010000000000000007", segment());
  CHECK(require(ours).message == "");
  CHECK(destination.is_marked());
  CHECK(require(ours).message == "");
  CHECK(require(others).mentions("is the archive of cluster 7711050547671864261"));
  destination.unmount();
  CHECK(require(ours).mentions("the spool lost its marker pitr-archive.id; is its disk mounted?"));
  fs::remove_all(destination.path);
  CHECK(require(ours).mentions("lost its marker"));
  CHECK_FALSE(fs::exists(destination.path));
  fs::remove(destination.state / "marked-destinations");
  CHECK(require(ours).message == "");
  CHECK(destination.is_marked());
}

TEST_CASE("a cluster that is not known marks nothing") {
  const Destination destination;
  CHECK(destination.require(std::nullopt).code == Exit::failed);
  CHECK_FALSE(destination.is_marked());
}

TEST_CASE("every destination is remembered for itself") {
  const Destination destination;
  const Scratch& scratch = destination.scratch;
  fs::create_directory(scratch / "wal/below");
  for (const std::string name : {"wal2", "2", "wal/below"}) {
    fs::create_directories(scratch / name);
    CHECK(destination.require_at(scratch / name).message == "");
  }
  // "wal" is a part of other names, and was never marked itself.
  fs::remove_all(scratch / "wal/below");
  CHECK(destination.require().message == "");
  for (const std::string name : {"wal2", "2", "wal"}) {
    CAPTURE(name);
    fs::remove(scratch / name / "pitr-archive.id");
    CHECK(destination.require_at(scratch / name).mentions("lost its marker"));
  }
}

TEST_CASE("a memory that was written by hand, without its last newline, counts") {
  const Destination destination;
  REQUIRE(destination.require().message == "");
  const auto memory = destination.state / "marked-destinations";
  std::ofstream(memory) << "/other\n" << destination.path.native();
  destination.unmount();
  CHECK(destination.require().mentions("lost its marker"));
  std::ofstream(memory) << "/other";
  REQUIRE(destination.require().message == "");
  destination.unmount();
  CHECK(destination.require().mentions("lost its marker"));
}

TEST_CASE("a memory that cannot be read does not count as an empty one") {
  const Destination destination;
  CHECK(destination.require().message == "");
  destination.unmount();
  const auto memory = destination.state / "marked-destinations";
  fs::remove(memory);
  fs::create_symlink("nowhere", memory);
  CHECK(destination.require().code == Exit::failed);
  CHECK_FALSE(destination.is_marked());
  fs::remove(memory);
  fs::create_directory(memory);
  CHECK(destination.require().code == Exit::failed);
  CHECK_FALSE(destination.is_marked());
}

TEST_CASE("--init marks a place by hand, whatever of this cluster lies in it") {
  const Destination destination;
  destination.scratch.write("wal/000000010000000000000007", segment());
  destination.scratch.write("wal/00000002.history", "1\t0/700148\tx\n");
  CHECK(destination.mark().message == "");
  CHECK(read_marker(*open_directory(destination.path, {})) == ours);
  CHECK(destination.mark().message == "");  // twice is no harm
  CHECK(destination.require(ours, false).message == "");
}

TEST_CASE("--init puts an unmounted disk's destination in use again, on purpose") {
  const Destination destination;
  CHECK(destination.require().message == "");
  destination.unmount();
  CHECK(destination.mark(ours, true).message == "");
  CHECK(destination.require().message == "");
}

TEST_CASE("--init never takes another cluster's archive") {
  const Destination destination;
  CHECK(destination.mark(others).message == "");
  CHECK(destination.mark(ours).mentions("is the archive of cluster 42"));
  CHECK(read_marker(*open_directory(destination.path, {})) == others);
  const Destination unmarked;
  unmarked.scratch.write("wal/000000010000000000000007", segment_named("000000010000000000000007", 42));
  CHECK(unmarked.mark().code == Exit::failed);
  CHECK_FALSE(unmarked.is_marked());
  const Destination damaged;
  damaged.scratch.write("wal/pitr-archive.id", "garbage");
  CHECK(damaged.mark().code == Exit::damaged);
}
