#include "common/codec/crc32c.h"

#include <isa-l/crc.h>

#include <algorithm>

#include <fmt/core.h>

namespace pitr {

std::uint32_t crc32c(std::uint32_t crc, Bytes bytes) {
  // The library takes int lengths and leaves the inversion before and after to the caller.
  crc = ~crc;
  while (!bytes.empty()) {
    const Bytes piece = bytes.first(std::min<std::size_t>(bytes.size(), 1 << 30));
    auto* data = const_cast<unsigned char*>(reinterpret_cast<const unsigned char*>(piece.data()));
    crc = crc32_iscsi(data, static_cast<int>(piece.size()), crc);
    bytes = bytes.subspan(piece.size());
  }
  return ~crc;
}

std::string crc32c_hex(std::uint32_t crc) {
  return fmt::format("{:02x}{:02x}{:02x}{:02x}", crc & 0xFF, crc >> 8 & 0xFF, crc >> 16 & 0xFF, crc >> 24);
}

}  // namespace pitr
