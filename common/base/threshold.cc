#include "common/base/threshold.h"

#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace pitr {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

std::optional<double> unit_named(std::string_view unit) {
  struct Row {
    std::string_view name;
    double factor;
  };
  // "M" is mega: a minute has a small letter.
  constexpr Row rows[] = {{"", 1},        {"s", 1},          {"m", 60},          {"h", 3600},      {"d", 86400},
                          {"w", 604800},  {"K", 1024.0},     {"M", 1048576.0},   {"G", 1073741824.0},
                          {"T", 1099511627776.0},            {"%", 1}};
  for (const Row& row : rows) {
    if (row.name == unit) return row.factor;
  }
  return std::nullopt;
}

}  // namespace

std::optional<double> parse_quantity(std::string_view text) {
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (code != std::errc() || !std::isfinite(value)) return std::nullopt;
  const auto factor = unit_named(text.substr(static_cast<std::size_t>(end - text.data())));
  if (!factor) return std::nullopt;
  return value * *factor;
}

std::optional<Threshold> Threshold::parse(std::string_view text) {
  Threshold result;
  if (text.starts_with('@')) {
    result.inside_ = true;
    text.remove_prefix(1);
  }
  const std::size_t colon = text.find(':');
  const std::string_view low = colon == text.npos ? "0" : text.substr(0, colon);
  const std::string_view high = colon == text.npos ? text : text.substr(colon + 1);
  if (low == "~") {
    result.low_ = -infinity;
  } else if (const auto number = parse_quantity(low)) {
    result.low_ = *number;
  } else {
    return std::nullopt;
  }
  if (!high.empty()) {
    const auto number = parse_quantity(high);
    if (!number) return std::nullopt;
    result.high_ = *number;
  } else if (colon == text.npos || low == "~") {
    return std::nullopt;  // nothing at all, or all there is
  }
  if (result.low_ > result.high_) return std::nullopt;
  return result;
}

bool Threshold::alarms(double value) const {
  // What has never happened is bad news for an age, whatever the range is, and no good news for anything else.
  if (std::isinf(value)) return true;
  return (low_ <= value && value <= high_) == inside_;
}

std::string Threshold::text() const {
  std::string result = inside_ ? "@" : "";
  if (std::isinf(low_)) {
    result += "~:";
  } else if (low_ != 0 || std::isinf(high_)) {
    result += number_text(low_) + ":";
  }
  if (!std::isinf(high_)) result += number_text(high_);
  return result;
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
