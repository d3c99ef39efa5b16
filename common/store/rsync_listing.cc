#include "common/store/rsync_command.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <ctime>

namespace pitr {
namespace {

// rsync prints "\#012" for what is no printable character, and for a backslash in front of "#" and three
// digits.
std::string unescaped(std::string_view text) {
  std::string name;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digits = text.substr(std::min(i + 2, text.size()), 3);
    int code = 0;
    const bool is_escape =
        text.substr(i).starts_with("\\#") && digits.size() == 3 &&
        std::from_chars(digits.data(), digits.data() + 3, code, 8).ptr == digits.data() + 3;
    name += is_escape ? static_cast<char>(code) : text[i];
    if (is_escape) i += 4;
  }
  return name;
}

}  // namespace

// "-rw-r--r--     16777216 2026/11/23 00:15:40 000000010000000000000007". Whatever else it prints is no
// answer.
RsyncEntry parse_rsync_entry(const std::string& line) {
  RsyncEntry entry;
  constexpr std::size_t mode_width = 11, time_width = 19;
  const std::size_t number = line.find_first_not_of(' ', std::min(mode_width, line.size()));
  const std::size_t time = std::min(line.find(' ', std::min(number, line.size())), line.size());
  std::tm fields{};
  const char* rest = nullptr;
  if (time < line.size()) {
    const auto size = std::from_chars(line.data() + number, line.data() + time, entry.size);
    if (size.ptr == line.data() + time)
      rest = ::strptime(line.c_str() + time + 1, "%Y/%m/%d %H:%M:%S", &fields);
  }
  if (rest != line.c_str() + time + 1 + time_width || *rest != ' ')
    fail(Exit::failed, "rsync prints '{}'", line);
  entry.is_file = line.starts_with('-');
  entry.is_directory = line.starts_with('d');
  entry.modified = std::chrono::system_clock::from_time_t(::timegm(&fields));
  entry.name = unescaped(rest + 1);
  return entry;
}

// Six letters of one kind are rather somebody's ".profile.backup".
bool is_rsync_temporary(std::string_view name) {
  constexpr std::size_t random = 6;
  if (!name.starts_with('.') || name.size() < random + 3 || name[name.size() - random - 1] != '.')
    return false;
  const std::string_view tail = name.substr(name.size() - random);
  return std::ranges::all_of(tail, [](unsigned char c) { return std::isalnum(c) != 0; }) &&
         !std::ranges::all_of(tail, [](unsigned char c) { return std::islower(c) != 0; });
}

}  // namespace pitr
