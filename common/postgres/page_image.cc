#include "common/postgres/page_image.h"

#include <algorithm>
#include <cstddef>

#include <lz4.h>
#include <zstd.h>

#include "common/postgres/page.h"

namespace pitr {
namespace {

// PostgreSQL's own: src/common/pg_lzcompress.c. A control byte says of each of the eight items behind it, the
// lowest bit first, whether it is a byte (0) or a piece of what was written before (1): 4 bits length, 12
// bits distance; a length of 15 goes on in one more byte.
bool expand_pglz(Bytes from, std::span<std::byte> to) {
  std::size_t in = 0, out = 0;
  const auto byte = [&](std::size_t at) { return std::to_integer<std::size_t>(from[at]); };
  while (in < from.size() && out < to.size()) {
    std::size_t control = byte(in++);
    for (int i = 0; i < 8 && in < from.size() && out < to.size(); ++i, control >>= 1) {
      if ((control & 1) == 0) {
        to[out++] = from[in++];
        continue;
      }
      if (in + 2 > from.size()) return false;
      std::size_t length = (byte(in) & 0x0F) + 3;
      const std::size_t distance = (byte(in) & 0xF0) << 4 | byte(in + 1);
      in += 2;
      if (length == 18) {
        if (in == from.size()) return false;
        length += byte(in++);
      }
      if (distance == 0 || distance > out) return false;
      length = std::min(length, to.size() - out);
      for (; length > 0; --length, ++out) to[out] = to[out - distance];  // it may overlap itself
    }
  }
  return in == from.size() && out == to.size();
}

bool expand(ImageCompression compression, Bytes from, std::span<std::byte> to) {
  switch (compression) {
    case ImageCompression::none:
      if (from.size() != to.size()) return false;
      std::ranges::copy(from, to.begin());
      return true;
    case ImageCompression::pglz:
      return expand_pglz(from, to);
    case ImageCompression::lz4:
      return ::LZ4_decompress_safe(reinterpret_cast<const char*>(from.data()),
                                   reinterpret_cast<char*>(to.data()), static_cast<int>(from.size()),
                                   static_cast<int>(to.size())) == static_cast<int>(to.size());
    case ImageCompression::zstd:
      return ::ZSTD_decompress(to.data(), to.size(), from.data(), from.size()) == to.size();
  }
  __builtin_unreachable();
}

}  // namespace

std::optional<std::vector<std::byte>> page_of_image(const WalBlock& block) {
  if (std::size_t{block.hole_offset} + block.hole_length > page_size) return std::nullopt;
  std::vector<std::byte> page(page_size - block.hole_length);
  if (!expand(block.compression, block.image, page)) return std::nullopt;
  page.insert(page.begin() + block.hole_offset, block.hole_length, std::byte{0});
  return page;
}

}  // namespace pitr
