#include "common/postgres/postmaster.h"

#include <fcntl.h>
#include <signal.h>

#include <array>
#include <cerrno>
#include <charconv>

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

}  // namespace pitr
