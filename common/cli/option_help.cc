#include <algorithm>

#include "common/cli/options.h"

namespace pitr {
namespace {

constexpr std::size_t help_width = 100;
constexpr std::size_t widest_label = 36;  // what is wider gets its help on the next line

// OmniPITR writes its short names with one dash: "-dl, --dst-local [CODEC=]DIR".
std::string label(const Option& option) {
  std::string result;
  for (const std::string_view spelling : spellings(option)) {
    if (spelling == option.name) continue;
    result += fmt::format("{}{}, ", spelling.size() <= 3 ? "-" : "--", spelling);
  }
  result += fmt::format("--{}", option.name);
  if (!option.argument.empty()) result += fmt::format(" {}", option.argument);
  return result;
}

// Lines of at most `width`, broken at blanks; a longer word stays whole.
std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  std::vector<std::string> lines(1);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.empty()) continue;
    std::string& line = lines.back();
    if (!line.empty() && line.size() + 1 + word.size() > width) {
      lines.emplace_back(word);
    } else {
      line += fmt::format("{}{}", line.empty() ? "" : " ", word);
    }
  }
  return lines;
}

// The text's lines, without the empty ones at its ends.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (end > 0 || !lines.empty()) lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

std::string usage(const Manual& manual) {
  return fmt::format("{} [OPTION]...{}{}", manual.program, manual.operands.empty() ? "" : " ",
                     manual.operands);
}

std::string option_lines(std::span<const Option> options) {
  std::size_t column = 0;
  for (const Option& option : options) {
    const std::size_t width = label(option).size();
    if (width <= widest_label) column = std::max(column, width);
  }
  std::string result;
  for (const Option& option : options) {
    std::string left = label(option);
    if (left.size() > column) {
      for (const std::string& line : wrapped(left, help_width - 2)) result += fmt::format("  {}\n", line);
      left.clear();
    }
    for (const std::string& line : wrapped(option.help, help_width - column - 4)) {
      result += fmt::format("  {:<{}}  {}\n", left, column, line);
      left.clear();
    }
  }
  return result;
}

std::string section(std::string_view title, std::string_view text) {
  std::string result;
  for (const std::string_view line : lines_of(text)) result += fmt::format("  {}\n", line);
  return result.empty() ? result : fmt::format("\n{}:\n{}", title, result);
}

// Text that roff takes as it is: no escapes, no requests, dashes and quotes that can be copied into a shell.
std::string roff(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool starts_line = i == 0 || text[i - 1] == '\n';
    if (starts_line && (text[i] == '.' || text[i] == '\'')) result += "\\&";
    switch (text[i]) {
      case '\\':
        result += "\\e";
        break;
      case '-':
        result += "\\-";
        break;
      case '\'':
        result += "\\(aq";
        break;
      case '`':
        result += "\\(ga";
        break;
      case '^':
        result += "\\(ha";
        break;
      case '~':
        result += "\\(ti";
        break;
      default:
        result += text[i];
    }
  }
  return result;
}

std::string roff_label(const Option& option) {
  std::string result;
  for (const std::string_view spelling : spellings(option)) {
    if (spelling == option.name) continue;
    result += fmt::format("\\fB{}{}\\fR, ", spelling.size() <= 3 ? "\\-" : "\\-\\-", roff(spelling));
  }
  result += fmt::format("\\fB\\-\\-{}\\fR", roff(option.name));
  if (!option.argument.empty()) result += fmt::format(" \\fI{}\\fR", roff(option.argument));
  return result;
}

std::string roff_paragraphs(std::string_view text) {
  std::string result;
  bool begins = true;
  for (const std::string_view line : lines_of(text)) {
    if (line.empty()) {
      begins = true;
      continue;
    }
    result += fmt::format("{}{}\n", begins ? ".PP\n" : "", roff(line));
    begins = false;
  }
  return result;
}

// "0  done": what stands before the two blanks is the tag.
std::string roff_exit_status(std::string_view text) {
  std::string result;
  for (const std::string_view line : lines_of(text)) {
    const std::size_t gap = line.find("  ");
    const std::size_t meaning = gap == std::string_view::npos ? gap : line.find_first_not_of(' ', gap);
    if (gap == 0 || meaning == std::string_view::npos) {
      result += fmt::format("{}\n", roff(line.substr(std::min(line.find_first_not_of(' '), line.size()))));
    } else {
      result += fmt::format(".TP\n{}\n{}\n", roff(line.substr(0, gap)), roff(line.substr(meaning)));
    }
  }
  return result;
}

constexpr std::string_view rules =
    "Options are written with one dash or two, the value as the next word or as --name=value, and are never\n"
    "abbreviated. In a config file the same options stand one per line, the value behind a blank or '='; "
    "lines\n"
    "that start with '#' are comments. The command line wins over the config file; options that may be "
    "repeated\n"
    "add up.";

}  // namespace

std::string help_text(const Manual& manual, std::span<const Option> options) {
  std::string result = fmt::format("usage: {}\n", usage(manual));
  for (const std::string& line : wrapped(manual.summary, help_width)) result += line + "\n";
  return result + "\nOptions:\n" + option_lines(with_common_options(options)) +
         section("Exit status", manual.exit_status) + section("Example", manual.example);
}

std::string man_page(const Manual& manual, std::span<const Option> options) {
  std::string title(manual.program);
  std::ranges::transform(title, title.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? char(c - 32) : c; });
  std::string result = fmt::format(".TH {} 1 \"\" \"pitr {}\" \"PostgreSQL point-in-time recovery\"\n",
                                   roff(title), PITR_VERSION);
  result += fmt::format(".SH NAME\n{} \\- {}\n", roff(manual.program), roff(manual.summary));
  result += fmt::format(".SH SYNOPSIS\n\\fB{}\\fR [\\fIOPTION\\fR]...{}{}\n", roff(manual.program),
                        manual.operands.empty() ? "" : " ", roff(manual.operands));
  result += ".SH DESCRIPTION\n" + roff_paragraphs(manual.description);
  result += ".SH OPTIONS\n" + roff_paragraphs(rules);
  for (const Option& option : with_common_options(options)) {
    result += fmt::format(".TP\n{}\n{}{}\n", roff_label(option), roff(option.help),
                          option.repeatable ? ".\nMay be repeated." : "");
  }
  if (!manual.exit_status.empty()) result += ".SH \"EXIT STATUS\"\n" + roff_exit_status(manual.exit_status);
  if (!manual.example.empty()) {
    result += ".SH EXAMPLE\n.EX\n";
    for (const std::string_view line : lines_of(manual.example)) result += roff(line) + "\n";
    result += ".EE\n";
  }
  return result;
}

}  // namespace pitr
