#include "common/base/moment.h"

#include <charconv>
#include <ctime>
#include <string_view>

#include <fmt/chrono.h>

namespace pitr {
namespace {

// Takes `digits` decimal digits from the front; null when they are not there.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
  int value = 0;
  if (text.size() < digits) return std::nullopt;
  const auto [end, code] = std::from_chars(text.data(), text.data() + digits, value);
  if (code != std::errc{} || end != text.data() + digits || text[0] == '-') return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, std::string_view characters) {
  if (text.empty() || characters.find(text[0]) == characters.npos) return false;
  text.remove_prefix(1);
  return true;
}

// ".5" in microseconds; further digits are dropped.
std::optional<Moment> take_fraction(std::string_view& text) {
  if (!take(text, ".")) return 0;
  Moment fraction = 0;
  std::size_t digits = 0;
  for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1), ++digits) {
    if (digits < 6) fraction = fraction * 10 + (text[0] - '0');
  }
  for (std::size_t i = digits; i < 6; ++i) fraction *= 10;
  if (digits == 0) return std::nullopt;
  return fraction;
}

// "+01", "-0330", "+05:30", "Z", "UTC": seconds east of UTC; "" is null, what does not parse leaves a rest.
std::optional<int> take_offset(std::string_view& text) {
  for (const std::string_view utc : {"UTC", "GMT", "Z"}) {
    if (text == utc) {
      text = {};
      return 0;
    }
  }
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const int sign = text[0] == '-' ? -1 : 1;
  std::string_view rest = text.substr(1);
  const auto hours = take_number(rest, 2);
  if (!hours) return std::nullopt;
  take(rest, ":");
  const int minutes = take_number(rest, 2).value_or(0);
  text = rest;
  return sign * (*hours * 3600 + minutes * 60);
}

}  // namespace

std::optional<Moment> parse_moment(const std::string& given) {
  std::string_view text = given;
  std::tm parts = {};
  const auto year = take_number(text, 4);
  if (!year || !take(text, "-")) return std::nullopt;
  const auto month = take_number(text, 2);
  if (!month || !take(text, "-")) return std::nullopt;
  const auto day = take_number(text, 2);
  if (!day || *month < 1 || *month > 12 || *day < 1 || *day > 31) return std::nullopt;
  parts.tm_year = *year - 1900;
  parts.tm_mon = *month - 1;
  parts.tm_mday = *day;
  parts.tm_isdst = -1;
  Moment fraction = 0;
  if (take(text, " T")) {
    const auto hour = take_number(text, 2);
    if (!hour || !take(text, ":")) return std::nullopt;
    const auto minute = take_number(text, 2);
    if (!minute || *hour > 24 || *minute > 59) return std::nullopt;
    parts.tm_hour = *hour;
    parts.tm_min = *minute;
    if (take(text, ":")) {
      const auto second = take_number(text, 2);
      const auto part = second && *second <= 60 ? take_fraction(text) : std::nullopt;
      if (!part) return std::nullopt;
      parts.tm_sec = *second;
      fraction = *part;
    }
  }
  take(text, " ");
  const auto offset = take_offset(text);
  if (!text.empty()) return std::nullopt;
  const std::time_t seconds = offset ? ::timegm(&parts) - *offset : ::mktime(&parts);
  return Moment{seconds} * 1000000 + fraction;
}

std::string moment_text(Moment moment) {
  const std::time_t seconds = moment >= 0 ? moment / 1000000 : -((-moment + 999999) / 1000000);
  std::string text = fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::gmtime(seconds));
  const Moment fraction = moment - Moment{seconds} * 1000000;
  if (fraction != 0) {
    text += fmt::format(".{:06}", fraction);
    while (text.back() == '0') text.pop_back();
  }
  return text + "+00";
}

}  // namespace pitr
