#include "monitor/status/process_age.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <vector>

#include "common/base/number.h"
#include "common/os/fd.h"
#include "common/os/signals.h"

namespace pitr {
namespace {

namespace fs = std::filesystem;

// Empty: there is no such process (any more).
std::string text_of(const fs::path& path) {
  const Fd file = open_if_there(path, O_RDONLY);
  if (!file) return "";
  std::string text(4096, '\0');
  try {
    text.resize(read_some(file, std::as_writable_bytes(std::span(text))));
  } catch (const Error&) {
    // It has ended since the file was opened.
    throw_if_signalled();
    return "";
  }
  return text;
}

double number(const std::string& text) {
  const auto value = parse_quantity(text);
  if (!value) fail(Exit::failed, "read /proc: '{}' is no number", text);
  return *value;
}

// The fields of /proc/PID/stat from the state on.
std::vector<std::string> fields_of(const fs::path& process) {
  const std::string text = text_of(process / "stat");
  // The name of the program stands in parentheses and may hold anything.
  const std::size_t end = text.rfind(") ");
  if (end == text.npos) return {};
  std::istringstream rest(text.substr(end + 2));
  std::vector<std::string> fields;
  for (std::string field; rest >> field;) fields.push_back(field);
  return fields;
}

double uptime() {
  const std::string text = text_of("/proc/uptime");
  return number(text.substr(0, text.find(' ')));
}

}  // namespace

std::optional<double> age_of_child(const std::string& parent, std::string_view title) {
  if (text_of(fs::path("/proc") / parent / "cmdline").find(title) == std::string::npos) {
    fail(Exit::failed,
         "process {} of the server is not to be seen here (run pitr-monitor on the server's host)", parent);
  }
  constexpr std::size_t parent_field = 1, start_field = 19;
  const double now = uptime();
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  std::error_code code;
  std::optional<double> longest;
  for (fs::directory_iterator entry("/proc", code), end; !code && entry != end; entry.increment(code)) {
    const std::string process = entry->path().filename();
    if (process.find_first_not_of("0123456789") != process.npos) continue;
    const auto fields = fields_of(entry->path());
    if (fields.size() <= start_field || fields[parent_field] != parent) continue;
    longest = std::max(longest.value_or(0), now - number(fields[start_field]) / ticks);
  }
  if (code) fail(Exit::failed, "read /proc: {}", errno_text(code.value()));
  return longest;
}

}  // namespace pitr
