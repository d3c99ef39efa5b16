#include "common/wal/record_reader.h"

#include <cstring>
#include <vector>

#include <doctest/doctest.h>

#include "common/codec/crc32c.h"
#include "tests/unit/failure.h"
#include "tests/unit/wal_samples.h"

using namespace pitr;
using namespace pitr::wal_samples;

namespace {

constexpr std::size_t page_size = 8192;

// WAL as a server of 15 writes it, from 0/700000 on, in segments of 1 MB.
class Wal {
 public:
  // Returns where the record begins.
  Lsn add(std::size_t body, std::uint8_t manager = 10, std::uint8_t info = 0) {
    begin_record();
    const Lsn start = here();
    std::string record(wal_record_header_size + body, 'b');
    // The body is one piece of main data with a long length.
    if (body >= 5) {
      record[24] = '\xFE';
      put(record, 25, static_cast<std::uint32_t>(body - 5));
    }
    put(record, 0, static_cast<std::uint32_t>(record.size()));
    put(record, 4, std::uint32_t{700});
    put(record, 8, previous_.value);
    put(record, 16, info);
    put(record, 17, manager);
    put(record, 18, std::uint16_t{0});
    const std::uint32_t crc = crc32c(crc32c(0, as_bytes(record).subspan(24)), as_bytes(record).first(20));
    put(record, 20, crc);
    write(record);
    previous_ = start;
    return start;
  }
  // The server crashed in the middle of the last record: its last page is not there, and the next one says
  // so.
  void overwrite_last(Lsn previous) {
    const std::size_t page = bytes_.size() - bytes_.size() % page_size;
    bytes_.resize(page);
    previous_ = previous;
    page_header(0, 0x0008);
  }

  Lsn here() const { return {7 * megabyte + bytes_.size()}; }
  std::string& bytes() { return bytes_; }

  RecordReader reader(Lsn from = {7 * megabyte}) const {
    return RecordReader(segment_size(), from, [this](Lsn start) -> WalSegment {
      const std::size_t offset = start.value - 7 * megabyte;
      if (offset >= bytes_.size()) return {};
      std::string segment = bytes_.substr(offset, megabyte);
      segment.resize(megabyte);
      opened_.push_back(std::make_shared<std::string>(std::move(segment)));
      return {std::make_unique<MemorySource>(as_bytes(*opened_.back())), "segment"};
    });
  }

 private:
  template <typename T>
  static void put(std::string& into, std::size_t at, T value) {
    std::memcpy(into.data() + at, &value, sizeof value);
  }
  void page_header(std::uint32_t continued, std::uint16_t flags) {
    const bool is_first = bytes_.size() % megabyte == 0;
    Header header;
    header.flags = static_cast<std::uint16_t>(flags | (is_first ? 2 : 0) | (continued > 0 ? 1 : 0));
    header.page_address = here().value;
    header.continued_length = continued;
    bytes_ += bytes_of(header).substr(0, is_first ? wal_page_header_size : 24);
  }
  void begin_record() {
    bytes_.resize((bytes_.size() + 7) & ~std::size_t{7});
    if (bytes_.size() % page_size == 0) page_header(0, 0);
  }
  void write(std::string_view record) {
    while (!record.empty()) {
      if (bytes_.size() % page_size == 0) page_header(static_cast<std::uint32_t>(record.size()), 0);
      const std::size_t n = std::min(record.size(), page_size - bytes_.size() % page_size);
      bytes_ += record.substr(0, n);
      record.remove_prefix(n);
    }
  }

  std::string bytes_;
  Lsn previous_;
  mutable std::vector<std::shared_ptr<std::string>> opened_;
};

std::vector<Lsn> starts(RecordReader reader) {
  std::vector<Lsn> result;
  while (const WalRecord* record = reader.next()) result.push_back(record->start);
  return result;
}

}  // namespace

TEST_CASE("records are read over pages and segments, and the WAL ends where nothing was written") {
  Wal wal;
  std::vector<Lsn> written;
  for (const std::size_t body : {0, 5, 100, 8000, 8144, 20000, 3000000, 7, 50})
    written.push_back(wal.add(body));
  CHECK(starts(wal.reader()) == written);
  // A reader that begins behind the first record of a segment still checks from the beginning of the segment.
  CHECK(starts(wal.reader(written[3])) == std::vector<Lsn>(written.begin() + 3, written.end()));
  // One segment begins in the middle of the long record: what follows it is found.
  const Lsn in_the_middle{segment_size().start_of_segment(written[7])};
  CHECK(starts(wal.reader(in_the_middle)) == std::vector<Lsn>(written.begin() + 7, written.end()));
  RecordReader reader = wal.reader();
  while (reader.next() != nullptr) {
  }
  CHECK(reader.position() == wal.here());
}

TEST_CASE("a record that is not whole is the end, and position() is where it begins") {
  Wal wal;
  const Lsn first = wal.add(100);
  const Lsn cut = wal.add(30000);
  wal.bytes().resize(2 * page_size);
  RecordReader reader = wal.reader();
  CHECK(reader.next()->start == first);
  CHECK(reader.next() == nullptr);
  CHECK(reader.position() == cut);
}

TEST_CASE("behind a switch the next segment goes on") {
  Wal wal;
  const Lsn first = wal.add(100);
  const Lsn end = wal.add(0, 0, 0x40);
  wal.bytes().resize(megabyte);
  const Lsn next = wal.add(10);
  CHECK(starts(wal.reader()) == std::vector<Lsn>{first, end, next});
}

TEST_CASE("the half record that a crash left is dropped, and the page that says so goes on") {
  Wal wal;
  const Lsn first = wal.add(100);
  wal.add(20000);
  wal.overwrite_last(first);
  const Lsn next = wal.add(10);
  CHECK(starts(wal.reader()) == std::vector<Lsn>{first, next});
}

TEST_CASE("damage is found, and its place is named") {
  struct Row {
    const char* what;
    std::size_t at;
    char byte;
    const char* reason;
  };
  Wal good;
  good.add(100);
  const std::size_t second = good.add(200).value - 7 * megabyte;
  good.add(20000);
  const Row rows[] = {
      {"a byte of the body", second + 30, '?', "checksum"},
      {"the transaction", second + 4, '?', "checksum"},
      {"a length that cannot be", second, 3, "cannot have 3 bytes"},
      {"the magic of a page", page_size, 0x11, "no WAL page"},
      {"the address of a page", page_size + 9, '?', "says that it is that of"},
      {"a page that does not go on", page_size + 2, 0, "does not go on"},
      {"how much is continued", page_size + 16, '?', "does not go on"},
      {"the header of the segment", 36, '?', "no WAL page"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    Wal wal = good;
    wal.bytes()[row.at] = row.byte;
    if (row.reason == std::string_view("cannot have 3 bytes"))
      std::memset(wal.bytes().data() + row.at + 1, 0, 3);
    const Failure failure = failure_of([&] { starts(wal.reader()); });
    CHECK(failure.code == Exit::damaged);
    CHECK(failure.mentions(row.reason));
    CHECK(failure.mentions("segment: the WAL at 0/70"));
  }
}

TEST_CASE(
    "a record that does not follow the one before is damage: a page of other WAL fits by its own checksums") {
  Wal wal, other;
  wal.add(100);
  wal.add(9000);
  wal.add(9000);
  other.add(92);
  other.add(9008);
  other.add(9000);
  // Two pages of the same addresses, of another history.
  std::string& bytes = wal.bytes();
  bytes.replace(0, page_size, other.bytes(), 0, page_size);
  const Failure failure = failure_of([&] { starts(wal.reader()); });
  CHECK(failure.code == Exit::damaged);
}

TEST_CASE("a segment of another cluster does not go on with ours") {
  Wal wal;
  wal.add(2000000);
  wal.add(10);
  wal.bytes()[megabyte + 24] ^= 1;
  CHECK(failure_of([&] { starts(wal.reader()); }).mentions("another cluster"));
}
