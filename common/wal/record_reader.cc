#include "common/wal/record_reader.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "common/base/error.h"

namespace pitr {
namespace {

constexpr std::size_t piece_size = 256 * 1024;  // whole pages, whatever their size
constexpr std::uint32_t longest_record = 1 << 30;

// src/include/access/xlog_internal.h: XLogPageHeaderData, and the flags in it.
constexpr std::size_t short_header_size = 24;
constexpr std::uint16_t continued_flag = 0x0001, long_header_flag = 0x0002;
constexpr std::uint16_t magic_of_18 = 0xD118;
constexpr std::size_t continued_length_at = 16;

// The rest of a record was never written, because the server crashed; this page goes on with the next record.
std::uint16_t overwritten_flag(std::uint16_t magic) { return magic > magic_of_18 ? 0x0004 : 0x0008; }

template <typename T>
T value_at(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

Lsn aligned(Lsn at) { return {(at.value + 7) & ~std::uint64_t{7}}; }

}  // namespace

RecordReader::RecordReader(SegmentSize segment_size, Lsn from, Open open)
    : segment_size_(segment_size),
      from_(from),
      open_(std::move(open)),
      piece_(piece_size),
      at_(segment_size.start_of_segment(from)) {}

void RecordReader::damaged(Lsn at, std::string_view reason) const {
  fail(Exit::damaged, "{}: the WAL at {}: {}", segment_.name, to_string(at), reason);
}

void RecordReader::open_segment(Lsn start) {
  segment_ = open_(start);
  segment_start_ = start;
  piece_start_ = start;
  piece_size_ = 0;
  if (!segment_.bytes) return;
  piece_size_ = read_full(*segment_.bytes, piece_);
  const auto header = parse_wal_page_header(Bytes(piece_).first(piece_size_));
  if (!header) damaged(start, "no WAL page is there");
  if (header->page_address != start) {
    damaged(start, fmt::format("the page there says that it is that of {}", to_string(header->page_address)));
  }
  if (header->segment_size != segment_size_) damaged(start, "its segment has another size");
  if (system_identifier_ != 0 && header->system_identifier != system_identifier_) {
    damaged(start, "its segment is of another cluster");
  }
  system_identifier_ = header->system_identifier;
  magic_ = header->magic;
  block_size_ = header->block_size;
}

const std::byte* RecordReader::page(Lsn at) {
  const Lsn segment = segment_size_.start_of_segment(at);
  if (segment != segment_start_ || (!segment_.bytes && piece_size_ == 0)) open_segment(segment);
  if (!segment_.bytes) return nullptr;
  const Lsn start{at.value - offset_in_page(at)};
  while (start.value >= piece_start_.value + piece_size_) {
    piece_start_.value += piece_size_;
    piece_size_ = read_full(*segment_.bytes, piece_);
    if (piece_size_ == 0) damaged(start, "the segment ends before it");
  }
  const auto offset = static_cast<std::size_t>(start.value - piece_start_.value);
  if (piece_size_ - offset < block_size_) damaged(start, "the segment ends within the page");
  return piece_.data() + offset;
}

std::optional<RecordReader::PageHeader> RecordReader::enter_page(Lsn at) {
  const std::byte* const bytes = page(at);
  if (bytes == nullptr) return std::nullopt;
  const auto magic = value_at<std::uint16_t>(bytes);
  if (magic == 0) return std::nullopt;  // never written
  if (magic != magic_) damaged(at, fmt::format("no WAL page is there (magic {:04X})", magic));
  if (const Lsn address{value_at<std::uint64_t>(bytes + 8)}; address != at) {
    damaged(at, fmt::format("the page there says that it is that of {}", to_string(address)));
  }
  const auto flags = value_at<std::uint16_t>(bytes + 2);
  return PageHeader{flags, value_at<std::uint32_t>(bytes + continued_length_at),
                    (flags & long_header_flag) != 0 ? wal_page_header_size : short_header_size};
}

RecordReader::Follow RecordReader::follow(std::uint64_t length, bool collect) {
  for (;;) {
    const std::byte* const bytes = page(at_);
    const std::size_t offset = offset_in_page(at_);
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(length, block_size_ - offset));
    if (collect) joined_.insert(joined_.end(), bytes + offset, bytes + offset + n);
    at_.value += n;
    length -= n;
    if (length == 0) return Follow::whole;
    const auto header = enter_page(at_);
    if (!header) return Follow::end;
    if ((header->flags & overwritten_flag(magic_)) != 0) return Follow::overwritten;
    if ((header->flags & continued_flag) == 0 || header->continued_length != length) {
      damaged(at_, "the page does not go on with the record that begins before it");
    }
    at_.value += header->size;
  }
}

// A segment may begin with the rest of a record of the one before.
bool RecordReader::begin() {
  begun_ = true;
  const auto header = enter_page(at_);
  if (!header) return false;
  if ((header->flags & continued_flag) == 0) return true;  // next() reads this header again
  at_.value += header->size;
  return follow(header->continued_length, false) != Follow::end;
}

bool RecordReader::accept(Bytes bytes, Lsn start) {
  const Lsn behind = at_;
  record_ = parse_wal_record(bytes, start, magic_).value();
  record_.end = behind;
  if (!has_right_checksum(bytes)) damaged(start, "the checksum of the record does not fit");
  if (previous_ && record_.previous != *previous_) {
    damaged(start, fmt::format("the record follows one at {}, and not that at {}",
                               to_string(record_.previous), to_string(*previous_)));
  }
  previous_ = start;
  if (ends_segment(record_) && segment_size_.start_of_segment(at_) != at_) {
    at_.value = segment_size_.start_of_segment(at_).value + segment_size_.bytes();
  }
  return start >= from_;
}

const WalRecord* RecordReader::next() {
  if (!begun_ && !begin()) return nullptr;
  for (;;) {
    const Lsn behind = at_;
    at_ = aligned(at_);
    if (offset_in_page(at_) == 0) {
      const auto header = enter_page(at_);
      if (!header) return nullptr;
      if ((header->flags & continued_flag) != 0) {
        damaged(at_, "the page goes on with a record, and none reaches up to it");
      }
      at_.value += header->size;
    }
    const std::byte* const bytes = page(at_);
    const std::size_t offset = offset_in_page(at_);
    const Lsn start = at_;
    // A record begins at a multiple of 8 bytes, so its length never lies across two pages.
    const auto length = value_at<std::uint32_t>(bytes + offset);
    if (length == 0) {
      at_ = behind;
      return nullptr;
    }
    if (length < wal_record_header_size || length > longest_record) {
      damaged(start, fmt::format("a record cannot have {} bytes", length));
    }
    if (length <= block_size_ - offset) {
      at_.value += length;
      if (accept(Bytes(bytes + offset, length), start)) return &record_;
      continue;
    }
    joined_.clear();
    const Follow followed = follow(length, true);
    if (followed == Follow::overwritten) continue;  // its page begins with the next record
    if (followed == Follow::end) {
      at_ = start;
      return nullptr;
    }
    if (accept(joined_, start)) return &record_;
  }
}

}  // namespace pitr
