#include "common/base/shell_words.h"

#include <algorithm>

#include "common/base/error.h"

namespace pitr {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t'; }

// Reads one command. Quotes make a word of nothing, so whether there is one is known apart from its text.
class Splitter {
 public:
  explicit Splitter(std::string_view rest) : rest_(rest) {}

  ShellWords split() {
    while (!rest_.empty()) {
      const char c = take();
      if (is_space(c)) {
        end_word();
      } else if (c == '#' && !in_word_) {
        break;  // a comment
      } else {
        part_of_word(c);
      }
      previous_ = c;
    }
    end_word();
    return std::move(result_);
  }

 private:
  char take() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }

  void part_of_word(char c) {
    constexpr std::string_view for_a_shell = "|&;<>()$`*?[{}~!\n";
    if (for_a_shell.find(c) != for_a_shell.npos) {
      note_problem(c == '\n' ? "it has several lines" : fmt::format("'{}' in it needs a shell", c));
      end_word();
      is_behind_command_ |= ends_command(c) && !result_.words.empty();
      return;
    }
    in_word_ = true;
    if (c == '\'') {
      quoted_singly();
    } else if (c == '"') {
      quoted_doubly();
    } else if (c == '\\') {
      escaped();
    } else {
      word_ += c;
    }
  }

  // "2>&1" and "&>" are redirections.
  bool ends_command(char c) const {
    if (c != '&') return c == ';' || c == '\n';
    return previous_ != '>' && previous_ != '<' && !rest_.starts_with('>');
  }

  void quoted_singly() {
    const std::size_t end = std::min(rest_.find('\''), rest_.size());
    if (end == rest_.size()) note_problem("a ' is not closed");
    word_ += rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
  }

  void quoted_doubly() {
    while (!rest_.empty()) {
      char c = take();
      if (c == '"') return;
      if (c == '$' || c == '`') note_problem(fmt::format("'{}' in it needs a shell", c));
      // Inside quotes a backslash is one of the text, unless it stands before one of these.
      constexpr std::string_view escapable = "\\\"$`";
      if (c == '\\' && !rest_.empty() && escapable.find(rest_.front()) != escapable.npos) c = take();
      word_ += c;
    }
    note_problem("a \" is not closed");
  }

  void escaped() {
    if (rest_.empty()) {
      note_problem("it ends in a backslash");
    } else {
      word_ += take();
    }
  }

  void note_problem(const std::string& problem) {
    if (result_.problem.empty()) result_.problem = problem;
  }

  void end_word() {
    if (in_word_) {
      result_.words.push_back(std::move(word_));
      result_.is_compound |= is_behind_command_;
    }
    word_.clear();
    in_word_ = false;
  }

  std::string_view rest_;
  char previous_ = ' ';
  bool in_word_ = false, is_behind_command_ = false;
  std::string word_;
  ShellWords result_;
};

}  // namespace

ShellWords shell_words(std::string_view command) { return Splitter(command).split(); }

}  // namespace pitr
