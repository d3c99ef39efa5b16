#include "common/base/time_text.h"

#include <time.h>

#include <cerrno>

#include "common/base/error.h"

namespace pitr {
namespace {

std::string strftime_text(const std::string& format, std::chrono::system_clock::time_point when) {
  const std::time_t seconds =
      std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(when));
  std::tm local{};
  if (localtime_r(&seconds, &local) == nullptr) {
    fail(Exit::failed, "local time of {}: {}", seconds, errno_text(errno));
  }
  // strftime answers 0 for "too long" and for an empty result: the full stop keeps the two apart.
  const std::string stopped = format + '.';
  for (std::size_t size = 256; size <= 64 * 1024; size *= 4) {
    std::string result(size, '\0');
    result.resize(std::strftime(result.data(), size, stopped.c_str(), &local));
    if (result.empty()) continue;
    result.pop_back();
    return result;
  }
  fail(Exit::usage, "time template {}: the result is longer than 64 KiB", format);
}

}  // namespace

std::string expand_time(std::string_view pattern, std::chrono::system_clock::time_point when) {
  std::string format;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char next = i + 1 < pattern.size() ? pattern[i + 1] : '\0';
    if (pattern[i] == '%') {
      format += "%%";
    } else if (pattern[i] != '^' || next == '\0' || next == '%') {
      format += pattern[i];
    } else if (next == '^') {
      format += '^';
      ++i;
    } else {
      format += '%';
    }
  }
  return strftime_text(format, when);
}

std::optional<std::time_t> parse_utc(std::string_view text) {
  std::tm parts = {};
  const std::string copy(text);
  const char* const end = ::strptime(copy.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  if (end != copy.c_str() + copy.size()) return std::nullopt;
  return ::timegm(&parts);
}

std::string utc_text(std::time_t when) {
  std::tm parts = {};
  char text[64];
  if (::gmtime_r(&when, &parts) == nullptr) fail(Exit::failed, "print time {}: out of range", when);
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

}  // namespace pitr
