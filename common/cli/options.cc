#include "common/cli/options.h"

#include <fcntl.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "common/base/nearest.h"
#include "common/os/fd.h"

namespace pitr {
namespace {

constexpr std::size_t longest_line = 64 * 1024;
constexpr std::size_t largest_config_file = 1024 * 1024;

// An option as it was given. Nothing is assigned before everything was read.
struct Given {
  const Option* option;
  std::string value;
  std::string where;  // "FILE:LINE: " in front of a message; "" for the command line
};

std::vector<Option> common_options() {
  const auto nothing = [](const std::string&) {};
  return {{"config-file", "config cfg", "FILE", "read options from FILE, one per line", nothing},
          {"help", "?", "", "print this help", nothing},
          {"version", "V", "", "print the version", nothing},
          {"man", "", "", "print the manual page, for man -l -", nothing}};
}

const Option* find(std::span<const Option> options, std::string_view name) {
  for (const Option& option : options) {
    for (const std::string_view spelling : spellings(option)) {
      if (spelling == name) return &option;
    }
  }
  return nullptr;
}

// A spelling that stands twice would silently mean the first row: a mistake of ours, found by any test that
// parses.
void check_table(const Manual& manual, std::span<const Option> options) {
  std::vector<std::string_view> seen;
  for (const Option& option : options) {
    for (const std::string_view spelling : spellings(option)) {
      if (std::ranges::find(seen, spelling) != seen.end()) {
        fail(Exit::failed, "option table of {}: {} stands twice", manual.program, spelling);
      }
      seen.push_back(spelling);
    }
  }
}

// `dashes` is how the user wrote it, and how the near miss is shown.
const Option& find_known(std::span<const Option> options, std::string_view dashes, std::string_view name,
                         std::string_view where) {
  if (const Option* option = find(options, name)) return *option;
  std::vector<std::string_view> known;
  for (const Option& option : options) std::ranges::copy(spellings(option), std::back_inserter(known));
  const std::string_view near = nearest(name, known);
  if (near.empty()) fail(Exit::usage, "{}unknown option {}{}", where, dashes, name);
  fail(Exit::usage, "{}unknown option {}{} (did you mean {}{}?)", where, dashes, name, dashes, near);
}

void add(std::vector<Given>& given, Given one) {
  const bool twice = std::ranges::find(given, one.option, &Given::option) != given.end();
  if (twice && !one.option->repeatable) {
    fail(Exit::usage, "{}option --{} is given twice", one.where, one.option->name);
  }
  if (one.value.empty() && !one.option->argument.empty()) {
    fail(Exit::usage, "{}option --{} needs a value", one.where, one.option->name);
  }
  given.push_back(std::move(one));
}

// A word of the command line that has dashes: "--name=value", "-name".
struct OptionWord {
  std::string_view dashes;
  std::string_view name;
  std::optional<std::string_view> value;
};
std::optional<OptionWord> option_word(std::string_view word) {
  const std::size_t dashes = word.starts_with("--") ? 2 : word.starts_with("-") ? 1 : 0;
  if (dashes == 0 || word.size() == dashes) return std::nullopt;
  const std::size_t end = word.find('=');
  OptionWord result{word.substr(0, dashes), word.substr(0, end).substr(dashes), std::nullopt};
  if (end != std::string_view::npos) result.value = word.substr(end + 1);
  return result;
}

bool looks_like_option(std::span<const Option> options, std::string_view word) {
  const auto parsed = option_word(word);
  return word == "--" || (parsed && find(options, parsed->name) != nullptr);
}

std::vector<Given> read_command_line(std::span<const Option> options, std::span<const char* const> words,
                                     std::vector<std::string>& operands) {
  std::vector<Given> given;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (word == "--") {
      operands.insert(operands.end(), words.begin() + static_cast<std::ptrdiff_t>(i) + 1, words.end());
      break;
    }
    const auto parsed = option_word(word);
    if (!parsed) {
      operands.emplace_back(word);
      continue;
    }
    const Option& option = find_known(options, parsed->dashes, parsed->name, "");
    std::string_view value = parsed->value.value_or("");
    if (option.argument.empty() && parsed->value) {
      fail(Exit::usage, "option --{} takes no value", option.name);
    }
    if (!option.argument.empty() && !parsed->value) {
      // A forgotten value must not swallow the option behind it.
      if (i + 1 == words.size() || looks_like_option(options, words[i + 1])) {
        fail(Exit::usage, "option --{} needs a value", option.name);
      }
      value = words[++i];
    }
    add(given, {&option, std::string(value), ""});
  }
  return given;
}

std::string read_config_text(const std::string& path) {
  // O_NONBLOCK: opening a FIFO by mistake must not wait for its other end.
  const Fd file = open_file(path, O_RDONLY | O_NONBLOCK);
  const struct stat status = file_status(file);
  if (!S_ISREG(status.st_mode)) fail(Exit::usage, "read {}: not a regular file", path);
  if ((status.st_mode & S_IWOTH) != 0) {
    fail(Exit::usage, "read {}: everybody may write to it (try: chmod o-w {})", path, path);
  }
  std::string text;
  std::byte buffer[16 * 1024];
  while (const std::size_t count = read_some(file, buffer)) {
    text.append(reinterpret_cast<const char*>(buffer), count);
    if (text.size() > largest_config_file) fail(Exit::usage, "read {}: larger than 1 MiB", path);
  }
  return text;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

Given config_line(std::span<const Option> options, std::string_view line, std::string where) {
  const std::size_t end = line.find_first_of(" \t=");
  const std::string_view word = line.substr(0, end);
  std::string_view value = end == std::string_view::npos ? "" : trimmed(line.substr(end));
  const bool has_value = !value.empty();
  if (value.starts_with('=')) value = trimmed(value.substr(1));

  const auto dashed = option_word(word);
  const Option& option = find_known(options, "", dashed ? dashed->name : word, where);
  for (const Option& common : common_options()) {
    if (common.name == option.name) {
      fail(Exit::usage, "{}option --{} belongs on the command line", where, option.name);
    }
  }
  if (has_value && option.argument.empty())
    fail(Exit::usage, "{}option --{} takes no value", where, option.name);
  return {&option, std::string(value), std::move(where)};
}

std::vector<Given> read_config(std::span<const Option> options, const std::string& path) {
  std::string text;
  try {
    text = read_config_text(path);
  } catch (const Error& error) {
    throw Error(Exit::usage, fmt::format("config file: {}", error.what()));
  }
  std::vector<Given> given;
  std::string_view rest = text;
  for (int number = 1; !rest.empty(); ++number) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = trimmed(rest.substr(0, end));
    std::string where = fmt::format("{}:{}: ", path, number);
    if (end > longest_line) fail(Exit::usage, "{}line is longer than 64 KiB", where);
    if (line.find('\0') != std::string_view::npos) fail(Exit::usage, "{}line holds a zero byte", where);
    if (!line.empty() && line[0] != '#') add(given, config_line(options, line, std::move(where)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return given;
}

// Looked for before anything else, because help is asked for when something is wrong.
std::string asked_text(const Manual& manual, std::span<const Option> options, std::span<const Option> table,
                       std::span<const char* const> words) {
  for (const std::string_view word : words) {
    if (word == "--") break;
    const auto parsed = option_word(word);
    const Option* option = parsed && !parsed->value ? find(table, parsed->name) : nullptr;
    if (option == nullptr) continue;
    if (option->name == "help") return help_text(manual, options);
    if (option->name == "version") return fmt::format("{} {}\n", manual.program, PITR_VERSION);
    if (option->name == "man") return man_page(manual, options);
  }
  return {};
}

// A server that calls us with a file must not take the 0 of --version for an answer about the file: -V is one
// key away from -v, and everything would count as archived.
void refuse_operands_beside(std::span<const Option> table, std::span<const char* const> words) {
  std::vector<std::string> operands;
  try {
    read_command_line(table, words, operands);
  } catch (const Error&) {
    // Help is asked for when an option is wrong, too; the word that is none may be its value, or the file.
    if (std::ranges::any_of(words, [](std::string_view word) { return !word.starts_with('-'); })) throw;
  }
  if (operands.empty()) return;
  fail(Exit::usage, "{}: nothing was done with it, because help or the version was asked for",
       operands.front());
}

}  // namespace

std::vector<std::string_view> spellings(const Option& option) {
  std::vector<std::string_view> result{option.name};
  std::string_view rest = option.alias;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    if (end > 0) result.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return result;
}

std::vector<Option> with_common_options(std::span<const Option> options) {
  std::vector<Option> result(options.begin(), options.end());
  std::vector<Option> common = common_options();
  // A program that is no successor of OmniPITR's may have an option of that name.
  if (find(options, "config") != nullptr) common.front().alias = "cfg";
  std::ranges::copy(common, std::back_inserter(result));
  return result;
}

Parsed parse_options(const Manual& manual, std::span<const Option> options,
                     std::span<const char* const> words) {
  const std::vector<Option> table = with_common_options(options);
  check_table(manual, table);
  Parsed result;
  result.text = asked_text(manual, options, table, words);
  if (!result.text.empty()) {
    refuse_operands_beside(table, words);
    return result;
  }

  std::vector<Given> command_line = read_command_line(table, words, result.operands);
  if (manual.operands.empty() && !result.operands.empty()) {
    fail(Exit::usage, "unexpected argument {}", result.operands.front());
  }
  std::vector<Given> given;
  const auto config =
      std::ranges::find(command_line, "config-file", [](const Given& one) { return one.option->name; });
  if (config != command_line.end()) given = read_config(table, config->value);
  std::erase_if(given, [&](const Given& one) {
    return !one.option->repeatable &&
           std::ranges::find(command_line, one.option, &Given::option) != command_line.end();
  });
  std::ranges::move(command_line, std::back_inserter(given));

  for (const Given& one : given) {
    try {
      one.option->assign(one.value);
    } catch (const Error& error) {
      fail(Exit::usage, "{}option --{}: {}", one.where, one.option->name, error.what());
    }
    result.given.emplace_back(one.option->name, one.value);
  }
  return result;
}

}  // namespace pitr
