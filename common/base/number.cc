#include "common/base/number.h"

#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace pitr {
namespace {

std::optional<double> unit_named(std::string_view unit) {
  struct Row {
    std::string_view name;
    double factor;
  };
  // "M" is mega: a minute has a small letter.
  constexpr Row rows[] = {
      {"", 1},       {"s", 1},      {"m", 60},        {"h", 3600},         {"d", 86400},
      {"w", 604800}, {"K", 1024.0}, {"M", 1048576.0}, {"G", 1073741824.0}, {"T", 1099511627776.0},
      {"%", 1}};
  for (const Row& row : rows) {
    if (row.name == unit) return row.factor;
  }
  return std::nullopt;
}

}  // namespace

std::optional<int> decimal(std::string_view text) {
  int result = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), result);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return result;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc{} || number == 0) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (unit.empty()) return number;
  constexpr std::string_view units = "kMGT";
  const auto power = units.find(unit == "K" ? "k" : unit);
  if (unit.size() != 1 || power == std::string_view::npos) return std::nullopt;
  const std::uint64_t factor = std::uint64_t{1} << 10 * (power + 1);
  if (number > UINT64_MAX / factor) return std::nullopt;
  return number * factor;
}

std::optional<double> parse_quantity(std::string_view text) {
  double value = 0;
  const auto [end, code] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (code != std::errc() || !std::isfinite(value)) return std::nullopt;
  const auto factor = unit_named(text.substr(static_cast<std::size_t>(end - text.data())));
  if (!factor) return std::nullopt;
  return value * *factor;
}

std::string number_text(double value) {
  if (std::isinf(value)) return "inf";
  char buffer[400];
  // Ages are known to the millisecond at best.
  const double rounded = std::round(value * 1000) / 1000;
  const auto [end, code] = std::to_chars(buffer, buffer + sizeof buffer, rounded, std::chars_format::fixed);
  return code == std::errc() ? std::string(buffer, end) : fmt::format("{}", value);
}

}  // namespace pitr
