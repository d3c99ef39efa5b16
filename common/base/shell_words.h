#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pitr {

// The words that a shell would make of a command of simple words: quotes and backslashes are understood; a
// variable, a pattern, a pipe and whatever else needs a shell is a problem. Then `words` are those of all its
// parts, for a guess.
struct ShellWords {
  std::vector<std::string> words;
  bool is_compound =
      false;  // commands one after the other; behind "||" and "|" is only what looks after the first
  std::string problem;  // the first one, "'|' in it needs a shell"; "" when all was understood
};
ShellWords shell_words(std::string_view command);

}  // namespace pitr
