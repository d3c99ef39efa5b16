#include "common/postgres/timeline_history.h"

#include <charconv>

#include "common/base/error.h"

namespace pitr {
namespace {

constexpr std::string_view blanks = " \t\r";

std::string_view take_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(blanks));
  line.remove_prefix(word.size());
  return word;
}

}  // namespace

std::vector<TimelineSwitch> parse_timeline_history(const WalName& name, std::string_view text) {
  std::vector<TimelineSwitch> switches;
  for (int number_of_line = 1; !text.empty(); ++number_of_line) {
    std::string_view line = text.substr(0, text.find('\n'));
    const bool is_whole = line.size() < text.size();
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::string_view word = take_word(line);
    if (word.empty() || word.starts_with('#')) continue;
    const auto bad = [&](std::string_view reason) {
      fail(Exit::damaged, "timeline history {} line {}: {}", name.text(), number_of_line, reason);
    };
    // PostgreSQL ends every line; half of "0/3000148" would be another switch point.
    if (!is_whole) bad("cut off");
    std::uint32_t timeline = 0;
    const auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), timeline);
    if (code != std::errc{} || end != word.data() + word.size() || timeline == 0) bad("no timeline ID");
    const auto lsn = parse_lsn(take_word(line));
    if (!lsn) bad("no switch point");
    if (timeline >= number(name.timeline())) bad("a timeline that is not an ancestor");
    if (!switches.empty() && timeline <= number(switches.back().timeline)) bad("timelines do not ascend");
    switches.push_back({Timeline{timeline}, *lsn});
  }
  if (switches.empty()) fail(Exit::damaged, "timeline history {}: names no ancestor", name.text());
  return switches;
}

}  // namespace pitr
