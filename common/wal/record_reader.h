#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/stream.h"
#include "common/postgres/wal.h"
#include "common/postgres/wal_page.h"
#include "common/postgres/wal_record.h"

namespace pitr {

// A segment as it is read: its bytes, decompressed, and what messages call it.
struct WalSegment {
  std::unique_ptr<Source> bytes;
  std::string name;
};

// Streams the records of WAL over pages and segments, one after the other. Memory is one piece of a segment
// and the longest record. It believes nothing: page headers, the CRC of every record and the link to the
// record before it are checked, and what does not fit is an Error (damaged) that names the segment and the
// LSN.
class RecordReader {
 public:
  // Opens the segment that begins at `start`, on the timeline that the caller's way takes there. Null bytes:
  // there is none, and the WAL ends before it.
  using Open = std::function<WalSegment(Lsn start)>;

  // Reads the segment that holds `from` from its beginning, and hands out the records that begin at or behind
  // `from`.
  RecordReader(SegmentSize segment_size, Lsn from, Open open);

  // Null: the WAL ends here, at position(); nothing may be asked after that. The record is valid until the
  // next call.
  const WalRecord* next();

  // Behind the last record that was read. It is where WAL has an end, or a record that is not whole begins.
  Lsn position() const { return at_; }

 private:
  struct PageHeader {
    std::uint16_t flags;
    std::uint32_t continued_length;
    std::size_t size;
  };
  // The page that holds `at`; null: the WAL ends before it. Pages are asked for in ascending order.
  const std::byte* page(Lsn at);
  void open_segment(Lsn start);
  // The header of the page that begins at `at`; null: the WAL ends before it.
  std::optional<PageHeader> enter_page(Lsn at);
  enum class Follow { whole, overwritten, end };
  // Moves over page headers through `length` bytes of a record from at_ on, and collects them in joined_ if
  // wanted.
  Follow follow(std::uint64_t length, bool collect);
  bool begin();
  bool accept(Bytes bytes, Lsn start);
  [[noreturn]] void damaged(Lsn at, std::string_view reason) const;

  std::size_t offset_in_page(Lsn at) const { return static_cast<std::size_t>(at.value % block_size_); }

  SegmentSize segment_size_;
  Lsn from_;
  Open open_;
  WalSegment segment_;
  Lsn segment_start_;
  std::uint64_t system_identifier_ = 0;  // of the first segment; 0: none was read
  std::uint16_t magic_ = 0;
  std::size_t block_size_ = 8192;
  std::vector<std::byte> piece_;  // of the segment
  std::size_t piece_size_ = 0;
  Lsn piece_start_;
  Lsn at_;
  bool begun_ = false;
  std::optional<Lsn> previous_;  // null: no record was read yet
  std::vector<std::byte> joined_;
  WalRecord record_{};
};

}  // namespace pitr
