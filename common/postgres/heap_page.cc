#include "common/postgres/heap_page.h"

#include <cstring>

#include "common/postgres/page.h"

namespace pitr {
namespace {

constexpr std::size_t lower_at = 12, first_pointer = 24, tuple_header_size = 23, header_length_at = 22;

template <typename T>
T value_at(Bytes bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

}  // namespace

Bytes row_at(Bytes page, std::uint16_t offset) {
  if (page.size() != page_size || offset == 0) return {};
  const std::size_t at = first_pointer + (offset - 1u) * 4;
  if (at + 4 > value_at<std::uint16_t>(page, lower_at) || at + 4 > page_size) return {};
  // 15 bits where the tuple begins, 2 bits of flags (1: it is there), 15 bits how long it is.
  const auto pointer = value_at<std::uint32_t>(page, at);
  const std::size_t begin = pointer & 0x7FFF, length = pointer >> 17;
  if ((pointer >> 15 & 3) != 1 || begin + length > page_size || length < tuple_header_size) return {};
  const std::size_t header = value_at<std::uint8_t>(page, begin + header_length_at);
  if (header < tuple_header_size || header > length) return {};
  return page.subspan(begin + header, length - header);
}

void each_row(Bytes page, const std::function<void(std::uint16_t offset, Bytes columns)>& each) {
  if (page.size() != page_size) return;
  const std::size_t lower = value_at<std::uint16_t>(page, lower_at);
  if (lower < first_pointer || lower > page_size) return;
  for (std::size_t i = 1; i <= (lower - first_pointer) / 4; ++i) {
    const auto offset = static_cast<std::uint16_t>(i);
    if (const Bytes columns = row_at(page, offset); !columns.empty()) each(offset, columns);
  }
}

}  // namespace pitr
