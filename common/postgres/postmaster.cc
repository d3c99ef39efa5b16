#include "common/postgres/postmaster.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <iterator>
#include <vector>

#include "common/os/processes.h"
#include "common/os/text_file.h"

namespace pitr {

std::optional<Postmaster> read_postmaster(const std::filesystem::path& data_directory) {
  const std::string text = read_text_if_there(data_directory / "postmaster.pid", 0);
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  lines.resize(8);
  Postmaster result{0, lines[3], lines[4], lines[5], lines[7]};
  std::from_chars(lines[0].data(), lines[0].data() + lines[0].size(), result.process);
  if (result.process <= 0 || (::kill(result.process, 0) != 0 && errno == ESRCH)) return std::nullopt;
  std::error_code code;
  const std::filesystem::path directory = working_directory(result.process);
  if (!directory.empty() && !std::filesystem::equivalent(directory, data_directory, code))
    return std::nullopt;
  return result;
}

std::optional<pid_t> postmaster_of(const std::filesystem::path& data_directory) {
  const auto postmaster = read_postmaster(data_directory);
  return postmaster ? std::optional(postmaster->process) : std::nullopt;
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
