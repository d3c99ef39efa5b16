#include "monitor/check/archive_command.h"

#include <algorithm>
#include <filesystem>

#include "common/cli/options.h"
#include "monitor/check/shell_words.h"

namespace pitr {
namespace {

constexpr Manual archive_manual{.program = "pitr-archive",
                                .summary = "",
                                .operands = "%p",
                                .description = "",
                                .exit_status = "",
                                .example = ""};

// pitr-archive's options: what they are called and whether a value follows.
std::vector<Option> archive_options(ArchiveCommand& command) {
  const auto nothing = [](const std::string&) {};
  std::vector<Option> table = {
      {"data-dir", "D", "DIR", "", set_text(command.data_directory)},
      {"dst-local", "dl", "DIR", "", append_place(command.destinations), true},
      {"state-dir", "s", "DIR", "", set_text(command.state_directory)},
  };
  struct Row {
    std::string_view name, alias, argument;
  };
  constexpr Row others[] = {{"dst-backup", "db", "DIR"},
                            {"force-data-dir", "f", ""},
                            {"init", "", ""},
                            {"no-header-check", "", ""},
                            {"parallel-jobs", "PJ", "N"},
                            {"pid-file", "", "FILE"},
                            {"temp-dir", "t", "DIR"},
                            {"not-nice", "nn", ""},
                            {"gzip-path", "gp", "FILE"},
                            {"bzip2-path", "bp", "FILE"},
                            {"lzma-path", "lp", "FILE"},
                            {"lz4-path", "ll", "FILE"},
                            {"xz-path", "xz", "FILE"},
                            {"nice-path", "np", "FILE"},
                            {"rsync-path", "rp", "FILE"},
                            {"ssh-path", "ssh", "FILE"},
                            {"remote-timeout", "", "S"},
                            {"dst-remote", "dr", "PLACE"},
                            {"dst-pipe", "dp", "PROGRAM"},
                            {"require", "", "WHAT"},
                            {"spool-dir", "", "DIR"},
                            {"spool-max", "", "SIZE"},
                            {"flush", "", ""},
                            {"batch-size", "", "N"},
                            {"log", "l", "FILE"},
                            {"verbose", "v", ""}};
  for (const Row& row : others) table.push_back({row.name, row.alias, row.argument, "", nothing, true});
  return table;
}

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

ArchiveCommand::Kind kind_of(const std::vector<std::string>& words) {
  using Kind = ArchiveCommand::Kind;
  const std::string first = basename(words.front());
  const std::string second = words.size() > 1 ? words[1] : "";
  if (first == "true" || first == ":" || first == "echo" || (first == "exit" && second == "0"))
    return Kind::discards;
  if (first == "false" || first == "exit") return Kind::refuses;
  return Kind::other;
}

void read_options(ArchiveCommand& command, std::span<const std::string> words) {
  std::vector<const char*> pointers;
  for (const std::string& word : words) pointers.push_back(word.c_str());
  try {
    (void)parse_options(archive_manual, archive_options(command), pointers);
  } catch (const Error& error) {
    command.problem = error.what();
  }
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
    if (command.problem.empty()) read_options(command, {ours + 1, command.words.end()});
  } else if (command.problem.empty()) {
    command.kind = kind_of(command.words);
  }
  return command;
}

}  // namespace pitr
