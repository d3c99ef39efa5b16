#include "common/backup_label.h"

#include <charconv>

#include "common/error.h"

namespace pitr {
namespace {

// The text behind "KEY: " up to the end of its line.
std::string_view field(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.starts_with(key) && line.substr(key.size()).starts_with(": ")) return line.substr(key.size() + 2);
  }
  fail(Exit::damaged, "backup_label: it has no {}", key);
}

}  // namespace

BackupLabel parse_backup_label(std::string_view text) {
  // "0/2000028 (file 000000010000000000000002)"
  const std::string_view location = field(text, "START WAL LOCATION");
  const auto space = location.find(' ');
  constexpr std::string_view before_file = " (file ";
  const auto start = parse_lsn(location.substr(0, space));
  const auto start_file = space != std::string_view::npos && location.substr(space).starts_with(before_file)
                              ? WalName::parse(location.substr(space + before_file.size(), 24))
                              : std::nullopt;
  const auto checkpoint = parse_lsn(field(text, "CHECKPOINT LOCATION"));
  const std::string_view timeline_text = field(text, "START TIMELINE");
  std::uint32_t timeline = 0;
  std::from_chars(timeline_text.data(), timeline_text.data() + timeline_text.size(), timeline);
  if (!start || !start_file || !checkpoint || timeline == 0) fail(Exit::damaged, "backup_label: it does not parse");
  return {*start, *start_file, *checkpoint, Timeline{timeline}, field(text, "BACKUP FROM") == "standby"};
}

}  // namespace pitr
