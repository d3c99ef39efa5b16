#include "common/os/processes.h"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <sstream>

#include "common/os/fd.h"

namespace pitr {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  std::string text(4096, '\0');
  try {
    const Fd file = open_if_there(path, O_RDONLY);
    text.resize(file ? read_some(file, std::as_writable_bytes(std::span(text))) : 0);
  } catch (const Error&) {
    // It has ended since the file was opened, or is somebody else's.
    return "";
  }
  return text;
}

}  // namespace

std::vector<pid_t> all_processes() {
  std::vector<pid_t> processes;
  std::error_code code;
  for (fs::directory_iterator entry("/proc", code), end; !code && entry != end; entry.increment(code)) {
    const std::string name = entry->path().filename();
    pid_t process = 0;
    const auto [rest, bad] = std::from_chars(name.data(), name.data() + name.size(), process);
    if (bad == std::errc() && rest == name.data() + name.size()) processes.push_back(process);
  }
  if (code) fail(Exit::failed, "read /proc: {}", errno_text(code.value()));
  return processes;
}

fs::path working_directory(pid_t process) {
  std::error_code code;
  return fs::read_symlink(fmt::format("/proc/{}/cwd", process), code);
}

std::string process_text(pid_t process, const char* name) {
  return text_of(fmt::format("/proc/{}/{}", process, name));
}

bool server_is_init() {
  const std::string name = process_text(1, "comm");
  return name == "postgres\n" || name == "postmaster\n";
}

std::optional<ProcessStatus> process_status(pid_t process) {
  const std::string text = process_text(process, "stat");
  // "123 (any text, also with parentheses) S 99 ...": the fields from the state on.
  const std::size_t end = text.rfind(") ");
  if (end == text.npos) return std::nullopt;
  std::istringstream rest(text.substr(end + 2));
  constexpr std::size_t parent_field = 1, start_field = 19;
  ProcessStatus status{};
  std::string field;
  double start = 0, uptime = 0;
  for (std::size_t i = 0; i <= start_field && rest >> field; ++i) {
    if (i == parent_field) status.parent = static_cast<pid_t>(std::strtol(field.c_str(), nullptr, 10));
    if (i == start_field) start = std::strtod(field.c_str(), nullptr);
  }
  std::istringstream(text_of("/proc/uptime")) >> uptime;
  status.age = uptime - start / static_cast<double>(::sysconf(_SC_CLK_TCK));
  return status;
}

}  // namespace pitr
