#include "common/postgres/control_file.h"

#include <fcntl.h>
#include <signal.h>

#include <cstring>
#include <functional>

#include <doctest/doctest.h>

#include "common/codec/crc32c.h"
#include "common/os/fd.h"
#include "tests/unit/failure.h"
#include "tests/unit/scratch.h"
#include "tests/unit/system_calls.h"

using namespace pitr;

namespace {

using ControlBytes = std::array<std::byte, 8192>;

// ControlFileData of PostgreSQL 13 to 17 on a 64-bit machine, by what we read of it.
struct Fields {
  std::uint64_t system_identifier = 7711050547671864261;
  std::uint32_t control_version = 1300;
  std::uint32_t catalog_version = 202209061;
  std::uint32_t state = 6;
  std::uint64_t checkpoint = 0x17529B8;
  std::uint64_t redo = 0x1752980;
  std::uint32_t timeline = 3;
  std::uint64_t min_recovery_point = 0x1800000;
  std::uint32_t min_recovery_timeline = 2;
  std::uint32_t page_size = 32768;
  std::uint32_t pages_per_file = 32768;
  std::uint32_t segment_size = 16 << 20;
  std::uint32_t data_checksum_version = 1;
  std::size_t crc_at = 288;
};

template <typename T>
void put(ControlBytes& bytes, std::size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

ControlBytes control_bytes(const Fields& fields = {}) {
  ControlBytes bytes{};
  put(bytes, 0, fields.system_identifier);
  put(bytes, 8, fields.control_version);
  put(bytes, 12, fields.catalog_version);
  put(bytes, 16, fields.state);
  put(bytes, 32, fields.checkpoint);
  put(bytes, 40, fields.redo);
  put(bytes, 48, fields.timeline);
  put(bytes, 136, fields.min_recovery_point);
  put(bytes, 144, fields.min_recovery_timeline);
  put(bytes, 216, fields.page_size);
  put(bytes, 220, fields.pages_per_file);
  put(bytes, 228, fields.segment_size);
  put(bytes, 252, fields.data_checksum_version);
  for (std::size_t at = 256; at < 288; ++at) bytes[at] = std::byte(at);  // mock_authentication_nonce
  put(bytes, fields.crc_at, crc32c(0, Bytes(bytes).first(fields.crc_at)));
  return bytes;
}

std::string_view text_of(const ControlBytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// A data directory with this file.
struct Cluster {
  explicit Cluster(std::string_view control = "") {
    std::filesystem::create_directory(scratch / "global");
    write(control);
  }
  void write(std::string_view control) const { scratch.write("global/pg_control", control); }
  std::filesystem::path path() const { return scratch / ""; }
  Scratch scratch;
};

}  // namespace

TEST_CASE("the control file of every known version is read") {
  struct Row {
    std::uint32_t version;
    std::size_t crc_at;
  };
  // 13 to 16, 17, 18
  for (const Row row : {Row{1300, 288}, Row{1700, 288}, Row{1800, 292}}) {
    CAPTURE(row.version);
    Fields fields;
    fields.control_version = row.version;
    fields.crc_at = row.crc_at;
    const auto control = parse_control_file(control_bytes(fields));
    REQUIRE(control);
    CHECK(control->bytes == control_bytes(fields));
    CHECK(control->system_identifier == 7711050547671864261);
    CHECK(control->control_version == row.version);
    CHECK(control->catalog_version == 202209061);
    CHECK(to_string(control->checkpoint) == "0/17529B8");
    CHECK(to_string(control->redo) == "0/1752980");
    CHECK(control->timeline == Timeline{3});
    CHECK(to_string(control->min_recovery_point) == "0/1800000");
    CHECK(control->min_recovery_timeline == Timeline{2});
    CHECK(control->page_size == 32768);
    CHECK(control->pages_per_file == 32768);
    CHECK(control->segment_size.bytes() == 16 << 20);
    CHECK(control->data_checksum_version == 1);
  }
}

TEST_CASE("every segment size is read") {
  for (std::uint32_t size = 1 << 20; size <= 1 << 30; size *= 2) {
    Fields fields;
    fields.segment_size = size;
    const auto control = parse_control_file(control_bytes(fields));
    REQUIRE(control);
    CHECK(control->segment_size.bytes() == size);
  }
}

TEST_CASE("bytes behind the checksum do not matter") {
  ControlBytes bytes = control_bytes();
  bytes[292] = bytes[512] = bytes[8191] = std::byte{1};
  CHECK(parse_control_file(bytes));
}

TEST_CASE("one changed bit is seen wherever it is") {
  const ControlBytes good = control_bytes();
  for (std::size_t at = 0; at < 292; ++at) {
    ControlBytes bytes = good;
    bytes[at] ^= std::byte{0x10};
    CAPTURE(at);
    CHECK_FALSE(parse_control_file(bytes));
  }
}

TEST_CASE("what is no control file is not taken for one") {
  const auto changed = [](const std::function<void(Fields&)>& change) {
    Fields fields;
    change(fields);
    return control_bytes(fields);
  };
  CHECK_FALSE(parse_control_file(ControlBytes{}));
  CHECK_FALSE(parse_control_file(changed([](Fields& f) { f.control_version = 1201; })));
  CHECK_FALSE(parse_control_file(changed([](Fields& f) { f.control_version = 1902; })));
  CHECK_FALSE(parse_control_file(changed([](Fields& f) { f.control_version = 0; })));
  CHECK_FALSE(parse_control_file(changed([](Fields& f) { f.crc_at = 292; })));  // 13 with the layout of 18
  CHECK_FALSE(
      parse_control_file(changed([](Fields& f) { f.control_version = 1800; })));  // and the other way round
  CHECK_FALSE(parse_control_file(changed([](Fields& f) { f.segment_size = 0; })));
  CHECK_FALSE(parse_control_file(changed([](Fields& f) { f.segment_size = 3 << 20; })));
}

TEST_CASE("a half written control file is seen at every sector") {
  Fields after;
  after.checkpoint = 0x2000060;
  after.redo = 0x2000028;
  const ControlBytes old_bytes = control_bytes();
  const ControlBytes new_bytes = control_bytes(after);
  for (std::size_t at = 33; at < 292; ++at) {
    ControlBytes torn = new_bytes;
    std::copy(old_bytes.begin() + static_cast<std::ptrdiff_t>(at), old_bytes.end(),
              torn.begin() + static_cast<std::ptrdiff_t>(at));
    CAPTURE(at);
    CHECK_FALSE(parse_control_file(torn));
  }
}

TEST_CASE("the control file is read from a data directory") {
  const Cluster cluster(text_of(control_bytes()));
  CHECK(read_control_file(cluster.path()).system_identifier == 7711050547671864261);
  const ClusterIdentity identity = read_cluster_identity(cluster.path());
  CHECK(identity == ClusterIdentity{7711050547671864261, *SegmentSize::of(16 << 20)});
}

TEST_CASE("a control file that does not come right is an error that names it") {
  ControlBytes bad_crc = control_bytes();
  bad_crc[288] ^= std::byte{1};
  Fields no_size;
  no_size.segment_size = 0;
  struct Row {
    std::string_view what;
    std::string bytes;
    Exit code;
  };
  const Row rows[] = {
      {"nothing in it", "", Exit::failed},
      {"one byte too short", std::string(text_of(control_bytes()).substr(0, 8191)), Exit::failed},
      {"a wrong checksum", std::string(text_of(bad_crc)), Exit::damaged},
      {"no segment size", std::string(text_of(control_bytes(no_size))), Exit::damaged},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    const Cluster cluster(row.bytes);
    for (const Failure& failure : {failure_of([&] { read_control_file(cluster.path()); }),
                                   failure_of([&] { read_cluster_identity(cluster.path()); })}) {
      CHECK(failure.code == row.code);
      CHECK(failure.message.starts_with("read " + (cluster.path() / "global/pg_control").native() + ": "));
    }
  }
}

TEST_CASE("a control file is not looked for behind a link, and a missing one is an error") {
  const Cluster cluster;
  const auto path = cluster.path() / "global/pg_control";
  std::filesystem::remove(path);
  CHECK(failure_of([&] { read_control_file(cluster.path()); }).mentions("no such file or directory"));
  CHECK(failure_of([&] { read_cluster_identity(cluster.path()); }).mentions("no such file or directory"));
  cluster.scratch.write("elsewhere", text_of(control_bytes()));
  std::filesystem::create_symlink("../elsewhere", path);
  CHECK(failure_of([&] { read_control_file(cluster.path()); }).code == Exit::failed);
}

TEST_CASE("of an unknown version the identity is read, and nothing else") {
  Fields fields;
  fields.control_version = 1902;
  fields.crc_at = 300;
  const Cluster cluster(text_of(control_bytes(fields)));
  CHECK(read_cluster_identity(cluster.path()) ==
        ClusterIdentity{7711050547671864261, *SegmentSize::of(16 << 20)});
  const Failure failure = failure_of([&] { read_control_file(cluster.path()); });
  CHECK(failure.code == Exit::failed);
  CHECK(failure.mentions("version 1902 is not known (PostgreSQL 13 to 18 are)"));
}

TEST_CASE("an impossible checkpoint keeps the file whole and everything else in it") {
  for (const auto& [version, crc_at] :
       {std::pair{1300U, 288}, std::pair{1700U, 288}, std::pair{1800U, 292}}) {
    Fields fields;
    fields.control_version = version;
    fields.crc_at = static_cast<std::size_t>(crc_at);
    const auto control = parse_control_file(control_bytes(fields));
    REQUIRE(control);
    fields.checkpoint = 0xDEAD;
    CHECK(with_impossible_checkpoint(*control) == control_bytes(fields));
    CHECK(parse_control_file(with_impossible_checkpoint(*control))->checkpoint == Lsn{0xDEAD});
  }
}

TEST_CASE("zeros are no cluster") {
  const Cluster cluster(std::string(8192, '\0'));
  CHECK(failure_of([&] { read_control_file(cluster.path()); }).code != Exit::done);
  CHECK(failure_of([&] { read_cluster_identity(cluster.path()); }).code == Exit::damaged);
}

// D32
TEST_CASE("a control file that is being written is read again, until it is whole") {
  for (const int torn_reads : {1, 2, 5}) {
    const Cluster cluster;
    const auto write_torn = [&](int number) {
      ControlBytes torn = control_bytes();
      torn[40] ^= std::byte(number);
      cluster.write(text_of(torn));
    };
    write_torn(1);
    SystemCalls calls;
    int pauses = 0;
    calls.on_poll = [&] {
      if (++pauses < torn_reads) return write_torn(pauses + 1);
      cluster.write(text_of(control_bytes()));
    };
    CHECK(read_control_file(cluster.path()).redo == Lsn{0x1752980});
    CHECK(pauses == torn_reads);
    write_torn(1);
    pauses = 0;
    CHECK(read_cluster_identity(cluster.path()).system_identifier == 7711050547671864261);
    CHECK(pauses == torn_reads);
  }
}

// As of a file that an NFS server or Samba holds for a client.
TEST_CASE("a lease on the file is waited for") {
  const Cluster cluster(text_of(control_bytes()));
  const Fd lease = open_file(cluster.path() / "global/pg_control", O_RDWR);
  ::signal(SIGIO, SIG_IGN);
  if (::fcntl(lease.number(), F_SETLEASE, F_WRLCK) != 0) {
    MESSAGE("skipped: no leases on this file system");
    return;
  }
  SystemCalls calls;
  int pauses = 0;
  calls.on_poll = [&] {
    ++pauses;
    ::fcntl(lease.number(), F_SETLEASE, F_UNLCK);
  };
  CHECK(failure_of([&] { read_control_file(cluster.path()); }).message == "");
  CHECK(pauses == 1);
}
