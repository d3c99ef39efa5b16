#pragma once

#include <chrono>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace pitr {

// Times are UTC inside and local in names and logs.

// strftime of local time with '^' for '%'.
std::string expand_time(std::string_view pattern, std::chrono::system_clock::time_point when);

std::string utc_text(std::time_t when);  // "2026-08-01T10:11:12Z"
std::optional<std::time_t> parse_utc(std::string_view text);

}  // namespace pitr
