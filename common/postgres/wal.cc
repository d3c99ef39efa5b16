#include "common/postgres/wal.h"

#include <bit>
#include <charconv>

#include <fmt/core.h>

namespace pitr {
namespace {

bool is_upper_hex(std::string_view text) {
  return text.find_first_not_of("0123456789ABCDEF") == std::string_view::npos;
}

template <typename T>
std::optional<T> parse_hex(std::string_view text) {
  T value{};
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<WalKind> kind_of(std::string_view text) {
  constexpr std::size_t segment_length = 24;
  if (text.size() == 16 && is_upper_hex(text.substr(0, 8)) && text.substr(8) == ".history")
    return WalKind::history;
  if (text.size() < segment_length || !is_upper_hex(text.substr(0, segment_length))) return std::nullopt;
  const std::string_view rest = text.substr(segment_length);
  if (rest.empty()) return WalKind::segment;
  if (rest == ".partial") return WalKind::partial;
  if (rest.size() == 16 && rest[0] == '.' && is_upper_hex(rest.substr(1, 8)) && rest.substr(9) == ".backup") {
    return WalKind::backup;
  }
  return std::nullopt;
}

}  // namespace

std::string to_string(Lsn lsn) { return fmt::format("{:X}/{:X}", lsn.value >> 32, lsn.value & 0xFFFFFFFF); }

std::optional<Lsn> parse_lsn(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash > 8 || text.size() - slash - 1 > 8)
    return std::nullopt;
  const auto high = parse_hex<std::uint32_t>(text.substr(0, slash));
  const auto low = parse_hex<std::uint32_t>(text.substr(slash + 1));
  if (!high || !low) return std::nullopt;
  return Lsn{std::uint64_t{*high} << 32 | *low};
}

std::optional<SegmentSize> SegmentSize::of(std::uint64_t bytes) {
  constexpr std::uint64_t megabyte = 1024 * 1024;
  if (!std::has_single_bit(bytes) || bytes < megabyte || bytes > 1024 * megabyte) return std::nullopt;
  return SegmentSize(bytes);
}

std::optional<WalName> WalName::parse(std::string_view text) {
  const auto kind = kind_of(text);
  // Timeline 0 does not exist.
  if (!kind || text.starts_with("00000000")) return std::nullopt;
  return WalName(std::string(text), *kind);
}

WalName WalName::segment(Timeline timeline, Lsn lsn, SegmentSize size) {
  const std::uint64_t segment = lsn.value / size.bytes();
  return WalName(fmt::format("{:08X}{:08X}{:08X}", number(timeline), segment / size.segments_per_id(),
                             segment % size.segments_per_id()),
                 WalKind::segment);
}

WalName WalName::history(Timeline timeline) {
  return WalName(fmt::format("{:08X}.history", number(timeline)), WalKind::history);
}

Timeline WalName::timeline() const {
  return Timeline{*parse_hex<std::uint32_t>(std::string_view(text_).substr(0, 8))};
}

std::optional<Lsn> WalName::start(SegmentSize size) const {
  if (kind_ == WalKind::history) return std::nullopt;
  const std::uint64_t id = *parse_hex<std::uint32_t>(std::string_view(text_).substr(8, 8));
  const std::uint64_t segment = *parse_hex<std::uint32_t>(std::string_view(text_).substr(16, 8));
  if (segment >= size.segments_per_id()) return std::nullopt;
  return Lsn{id << 32 | segment * size.bytes()};
}

}  // namespace pitr
