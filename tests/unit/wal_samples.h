#pragma once

#include <cstring>
#include <memory>
#include <string>

#include "common/codec/codec.h"
#include "common/postgres/wal_page.h"

// WAL files as a server would write them, and wrong in one place.
namespace pitr::wal_samples {

constexpr std::uint32_t megabyte = 1 << 20;
constexpr std::uint64_t our_cluster = 7711050547671864261;

// The fields of a long page header, in their order.
struct Header {
  std::uint16_t magic = 0xD110;
  std::uint16_t flags = 0x0002;
  std::uint32_t timeline = 1;
  std::uint64_t page_address = 7 * megabyte;
  std::uint32_t continued_length = 0;
  std::uint32_t padding = 0;
  std::uint64_t system_identifier = our_cluster;
  std::uint32_t segment_size = megabyte;
  std::uint32_t block_size = 8192;
};
static_assert(sizeof(Header) == wal_page_header_size);

inline std::string bytes_of(const Header& header) {
  std::string bytes(sizeof header, '\0');
  std::memcpy(bytes.data(), &header, sizeof header);
  return bytes;
}

// A whole segment; by default 000000010000000000000007 of a cluster with segments of 1 MB.
inline std::string segment(const Header& header = {}, char filling = 'w') {
  std::string bytes = bytes_of(header);
  bytes.resize(header.segment_size, filling);
  return bytes;
}

inline WalName wal_name(std::string_view text) { return WalName::parse(text).value(); }
inline SegmentSize segment_size(std::uint64_t bytes = megabyte) { return SegmentSize::of(bytes).value(); }

// The segment of that name, of a cluster with segments of 1 MB.
inline std::string segment_named(std::string_view name, std::uint64_t cluster = our_cluster,
                                 char filling = 'w') {
  const WalName wal = wal_name(name);
  Header header;
  header.timeline = number(wal.timeline());
  header.page_address = wal.start(segment_size()).value().value;
  header.system_identifier = cluster;
  return segment(header, filling);
}

inline std::string stored_as(Codec codec, std::string_view raw) {
  std::string stored;
  const auto sink = compress({codec, 0}, 1, std::make_unique<StringSink>(stored));
  sink->write(as_bytes(raw));
  sink->finish();
  return stored;
}

}  // namespace pitr::wal_samples
