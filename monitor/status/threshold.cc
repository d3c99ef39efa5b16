#include "monitor/status/threshold.h"

#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "common/base/number.h"

namespace pitr {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

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
  // What has never happened is bad news for an age, whatever the range is, and no good news for anything
  // else.
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

}  // namespace pitr
