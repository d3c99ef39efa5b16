#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pitr {

// Log lines of the suite and of OmniPITR, which have one form (common/cli/log.h).
struct LogLine {
  std::chrono::system_clock::time_point when;
  std::string_view level, message;
};
// Null: the end of a message with several lines, or foreign.
std::optional<LogLine> parse_log_line(std::string_view line);

// --from: "2026-11-22 14:03:00" (local time), or seconds back from `now`, with a minus or without. Throws
// usage.
std::chrono::system_clock::time_point parse_from(std::string_view text,
                                                 std::chrono::system_clock::time_point now);

// The files that a --log template names, at whatever time, and what logrotate has made of them. Throws when
// the directory is not there.
std::vector<std::filesystem::path> log_files(const std::string& pattern);

struct LoggedErrors {
  std::uint64_t count = 0;
  std::string last;  // message of the last one
};
// Lines of the levels ERROR and FATAL since `from`. A file that is not compressed is read from its end.
void count_errors(const std::filesystem::path& file, std::chrono::system_clock::time_point from,
                  LoggedErrors& errors);

}  // namespace pitr
