#include "common/wal/archive_command.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "common/base/shell_words.h"

namespace pitr {
namespace {

std::string basename(const std::string& word) { return std::filesystem::path(word).filename(); }

// PostgreSQL makes one '%' of two before the shell sees them; %p and %f stay as they are here.
std::string without_doubled_percent(std::string_view command) {
  std::string result;
  for (std::size_t i = 0; i < command.size(); ++i) {
    result += command[i];
    if (command[i] == '%' && command.substr(i + 1).starts_with('%')) ++i;
  }
  return result;
}

// What is found here when somebody wanted peace for an hour, or has only tried out whether it is called.
ArchiveCommand::Kind kind_of(const std::vector<std::string>& words) {
  using Kind = ArchiveCommand::Kind;
  constexpr std::array idle = {"true", ":", "echo", "printf", "test", "cd", "sleep", "pwd", "date"};
  const std::string first = basename(words.front());
  if (std::ranges::find(idle, first) != idle.end()) return Kind::discards;
  if (first == "exit" && (words.size() == 1 || words[1] == "0")) return Kind::discards;
  if (first == "false" || first == "exit") return Kind::refuses;
  return Kind::other;
}

// A configuration file may say it, too.
bool may_look_ahead(const std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string name = words[i].substr(std::min(words[i].find_first_not_of('-'), words[i].size()));
    if (name == "batch-size=0" || name.starts_with("config-file")) return false;
    if (name == "batch-size" && i + 1 < words.size() && words[i + 1] == "0") return false;
  }
  return true;
}

}  // namespace

ArchiveCommand read_archive_command(std::string_view text) {
  ArchiveCommand command;
  ShellWords split = shell_words(without_doubled_percent(text));
  command.words = std::move(split.words);
  command.problem = std::move(split.problem);
  if (command.words.empty()) {
    if (command.problem.empty()) command.kind = ArchiveCommand::Kind::none;
    return command;
  }
  command.program = command.words.front();
  const auto ours = std::ranges::find(command.words, "pitr-archive", basename);
  if (ours != command.words.end()) {
    command.kind = ArchiveCommand::Kind::pitr_archive;
    command.program = *ours;
    command.leaves_commands_out = split.is_compound && may_look_ahead(command.words);
    if (command.problem.empty()) command.options.assign(ours + 1, command.words.end());
  } else if (command.problem.empty()) {
    command.kind = kind_of(command.words);
  }
  return command;
}

}  // namespace pitr
