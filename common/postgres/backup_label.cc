#include "common/postgres/backup_label.h"

#include <charconv>

#include "common/base/error.h"

namespace pitr {
namespace {

// The text behind "KEY: " up to the end of its line.
std::string_view field(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.starts_with(key) && line.substr(key.size()).starts_with(": "))
      return line.substr(key.size() + 2);
  }
  fail(Exit::damaged, "backup_label: it has no {}", key);
}

// The name in " (file 000000010000000000000002)".
std::optional<WalName> file_in(std::string_view text) {
  constexpr std::string_view before = " (file ";
  if (!text.starts_with(before) || !text.ends_with(')')) return std::nullopt;
  const auto name = WalName::parse(text.substr(before.size(), text.size() - before.size() - 1));
  return name && name->kind() == WalKind::segment ? name : std::nullopt;
}

// Null for what is no timeline ID.
std::optional<Timeline> timeline_in(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end != text.data() + text.size() || value == 0) return std::nullopt;
  return Timeline{value};
}

// Can the segment of that name hold `start`? The digits in the middle do not depend on the segment size.
bool may_hold(const WalName& file, Timeline timeline, Lsn start) {
  return file.timeline() == timeline && file.text().substr(8, 8) == fmt::format("{:08X}", start.value >> 32);
}

}  // namespace

BackupLabel parse_backup_label(std::string_view text) {
  // "0/2000028 (file 000000010000000000000002)"
  const std::string_view location = field(text, "START WAL LOCATION");
  const auto space = location.find(' ');
  const auto start = parse_lsn(location.substr(0, space));
  const auto start_file = file_in(location.substr(std::min(space, location.size())));
  const auto checkpoint = parse_lsn(field(text, "CHECKPOINT LOCATION"));
  const auto timeline = timeline_in(field(text, "START TIMELINE"));
  if (!start || !start_file || !checkpoint || !timeline || !may_hold(*start_file, *timeline, *start)) {
    fail(Exit::damaged, "backup_label: it does not parse");
  }
  return {*start, *start_file, *checkpoint, *timeline, field(text, "BACKUP FROM") == "standby"};
}

}  // namespace pitr
