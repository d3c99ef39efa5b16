#include "common/postgres/postmaster.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <iterator>
#include <vector>

#include "common/os/fd.h"
#include "common/os/processes.h"

namespace pitr {

std::optional<pid_t> postmaster_of(const std::filesystem::path& data_directory) {
  const Fd file = open_if_there(data_directory / "postmaster.pid", O_RDONLY | O_NONBLOCK);
  if (!file) return std::nullopt;
  std::array<std::byte, 32> buffer;
  const std::string_view text(reinterpret_cast<const char*>(buffer.data()), read_some(file, buffer));
  pid_t pid = 0;
  std::from_chars(text.data(), text.data() + text.size(), pid);
  if (pid <= 0 || (::kill(pid, 0) != 0 && errno == ESRCH)) return std::nullopt;
  std::error_code code;
  const std::filesystem::path directory = working_directory(pid);
  if (!directory.empty() && !std::filesystem::equivalent(directory, data_directory, code))
    return std::nullopt;
  return pid;
}

void forget_other_servers() {
  constexpr std::string_view kept[] = {"PGUSER", "PGPASSWORD", "PGPASSFILE"};
  std::vector<std::string> names;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const std::string_view name = text.substr(0, text.find('='));
    if (name.starts_with("PG") && std::ranges::find(kept, name) == std::end(kept)) names.emplace_back(name);
  }
  for (const std::string& name : names) ::unsetenv(name.c_str());
}

}  // namespace pitr
