#include "monitor/status/logs.h"

#include <glob.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <memory>
#include <set>

#include "common/base/line_reader.h"
#include "common/codec/codec.h"
#include "common/os/fd.h"
#include "common/os/file_source.h"
#include "monitor/status/measurements.h"

namespace pitr {
namespace {

using Clock = std::chrono::system_clock;

constexpr std::string_view separator = " : ";
constexpr std::uint64_t step = 256 * 1024;

// "2015-09-09 04:50:54.185227 -0400"
std::optional<Clock::time_point> parse_log_time(std::string_view text) {
  constexpr std::size_t length = 32;
  if (text.size() != length || text[19] != '.') return std::nullopt;
  std::tm parts{};
  const std::string seconds(text.substr(0, 19)), zone(text.substr(27));
  const char* rest = ::strptime(seconds.c_str(), "%Y-%m-%d %H:%M:%S", &parts);
  if (rest == nullptr || *rest != '\0') return std::nullopt;
  const std::time_t local = ::timegm(&parts);
  rest = ::strptime(zone.c_str(), "%z", &parts);
  if (rest == nullptr || *rest != '\0') return std::nullopt;
  return Clock::from_time_t(local - parts.tm_gmtoff);
}

// The text from `begin` on without the line that `begin` lies in, unless that is the file's first.
std::string text_from(const FileSource& file, std::uint64_t begin, std::uint64_t end) {
  std::string text(end - begin, '\0');
  std::size_t filled = 0;
  while (filled < text.size()) {
    const auto rest = std::as_writable_bytes(std::span(text)).subspan(filled);
    const std::size_t count = read_at(file.fd(), rest, begin + filled);
    if (count == 0) break;
    filled += count;
  }
  text.resize(filled);
  if (begin > 0) text.erase(0, std::min(text.find('\n'), text.size() - 1) + 1);
  return text;
}

// Calls `each` with what stands before each line end; what follows the last one is being written.
template <typename F>
void each_line(std::string_view text, F each) {
  for (std::size_t end; (end = text.find('\n')) != text.npos; text.remove_prefix(end + 1))
    each(text.substr(0, end));
}

// Lines come in the order of time: where the first one of a stretch is older, nothing before it is of
// interest.
std::uint64_t find_begin(const FileSource& file, Clock::time_point from) {
  std::uint64_t begin = file.file_size();
  while (begin > 0) {
    const std::uint64_t end = begin;
    begin = begin > step ? begin - step : 0;
    std::optional<Clock::time_point> first;
    each_line(text_from(file, begin, end), [&](std::string_view text) {
      const auto line = first ? std::nullopt : parse_log_line(text);
      if (line) first = line->when;
    });
    if (first && *first < from) break;
  }
  return begin;
}

void count(std::string_view text, Clock::time_point from, LoggedErrors& errors) {
  const auto line = parse_log_line(text);
  if (!line || line->when < from || (line->level != "ERROR" && line->level != "FATAL")) return;
  ++errors.count;
  errors.last = line->message;
}

// What a pattern of glob(3) names, of the template `pattern`.
std::set<std::filesystem::path> matches(const std::string& wanted, const std::string& pattern) {
  glob_t found{};
  struct Free {
    void operator()(glob_t* list) const { ::globfree(list); }
  };
  const std::unique_ptr<glob_t, Free> owner(&found);
  const int answer = ::glob(wanted.c_str(), GLOB_ERR, nullptr, &found);
  if (answer != 0 && answer != GLOB_NOMATCH)
    fail(Exit::failed, "log {}: its directory cannot be read", pattern);
  if (answer == GLOB_NOMATCH) return {};
  return {found.gl_pathv, found.gl_pathv + found.gl_pathc};
}

}  // namespace

std::optional<LogLine> parse_log_line(std::string_view line) {
  std::string_view fields[4];  // time, pid, program, level
  for (std::string_view& field : fields) {
    const std::size_t end = line.find(separator);
    if (end == line.npos) return std::nullopt;
    field = line.substr(0, end);
    line.remove_prefix(end + separator.size());
  }
  const auto when = parse_log_time(fields[0]);
  if (!when) return std::nullopt;
  return LogLine{*when, fields[3], line};
}

Clock::time_point parse_from(std::string_view text, Clock::time_point now) {
  const std::string copy(text);
  std::tm parts{};
  parts.tm_isdst = -1;
  const char* rest = ::strptime(copy.c_str(), "%Y-%m-%d %H:%M:%S", &parts);
  if (rest != nullptr && *rest == '\0') return Clock::from_time_t(std::mktime(&parts));
  std::string_view digits = text;
  if (digits.starts_with('-')) digits.remove_prefix(1);
  std::int64_t seconds = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
  constexpr std::int64_t hundred_years = 3'155'760'000;
  if (code != std::errc() || end != digits.data() + digits.size() || seconds < 0 || seconds > hundred_years) {
    fail(Exit::usage, "--from {}: wanted is 'YYYY-MM-DD HH:MM:SS' or seconds, -300 for the last five minutes",
         text);
  }
  return now - std::chrono::seconds(seconds);
}

std::vector<std::filesystem::path> log_files(const std::string& pattern) {
  std::string wanted = pattern.starts_with('/') ? "" : "./";
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '^' && i + 1 < pattern.size()) {
      wanted += '*';
      ++i;
    } else {
      if (std::string_view("*?[\\").find(pattern[i]) != std::string_view::npos) wanted += '\\';
      wanted += pattern[i];
    }
  }
  const auto found = [&](const std::string& glob) { return matches(glob, pattern); };
  // A program that has not run yet has no log; its directory tells that this is the place.
  if (found(std::filesystem::path(wanted).parent_path() / "").empty())
    fail(Exit::failed, "log {}: no such directory (give the --log of who writes it)", pattern);
  std::set<std::filesystem::path> files = found(wanted);
  for (const char* rotated : {".[0-9]*", "-[0-9]*"}) files.merge(found(wanted + rotated));
  return {files.begin(), files.end()};
}

void count_errors(const std::filesystem::path& path, Clock::time_point from, LoggedErrors& errors) {
  FileSource file = open_regular(path);
  // A day that is over: not read at all.
  const struct stat status = file_status(file.fd());
  if (Clock::from_time_t(status.st_mtime) + std::chrono::seconds(1) < from) return;
  if (const Codec codec = split_suffix(path.native()).codec; codec != Codec::none) {
    const auto text = decompressed(codec, path.native(), std::make_unique<FileSource>(std::move(file)));
    LineReader lines(*text);
    for (std::string each; lines.next(each);) count(each, from, errors);
    return;
  }
  const std::uint64_t size = file.file_size();
  std::uint64_t begin = find_begin(file, from);
  while (begin < size) {
    const std::uint64_t end = std::min(begin + step, size);
    std::uint64_t taken = 0;
    std::string text = text_from(file, begin, end);
    const std::uint64_t skipped = end - begin - text.size();
    each_line(text, [&](std::string_view each) {
      taken += each.size() + 1;
      count(each, from, errors);
    });
    // The next stretch begins at the last line feed, whose line text_from() passes over. A line that is
    // longer than a stretch is none of ours.
    const std::uint64_t next = begin + skipped + taken;
    if (end == size) return;
    begin = next > begin + 1 ? next - 1 : end;
  }
}

Measurement logged_errors(Places& places) {
  const MonitorPlaces& given = places.given();
  if (given.logs.empty()) fail(Exit::usage, "no log to read (give --log)");
  constexpr std::string_view last_day = "-86400";
  const auto from = parse_from(given.from.empty() ? last_day : given.from, Clock::now());
  LoggedErrors errors;
  std::string silent;  // templates of which there is no file
  for (const std::string& pattern : given.logs) {
    const auto files = log_files(pattern);
    for (const auto& file : files) count_errors(file, from, errors);
    if (files.empty()) silent += fmt::format("; nothing has been logged in {} yet", pattern);
  }
  return {static_cast<double>(errors.count), (errors.last.empty() ? "none" : errors.last) + silent};
}

}  // namespace pitr
