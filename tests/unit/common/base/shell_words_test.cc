#include "common/base/shell_words.h"

#include <doctest/doctest.h>

using namespace pitr;

TEST_CASE("simple words and quotes are split as a shell splits them") {
  struct Row {
    std::string_view command;
    std::vector<std::string> words;
  };
  const std::vector<Row> rows = {
      {"", {}},
      {"  \t ", {}},
      {"a b\tc", {"a", "b", "c"}},
      {" pitr-archive  \"%p\" ", {"pitr-archive", "%p"}},
      {"'one word' two", {"one word", "two"}},
      {"a\"b c\"'d e'f", {"ab cd ef"}},
      {"'' \"\"", {"", ""}},
      {R"(a\ b \' \\)", {"a b", "'", "\\"}},
      {R"("a\"b" "\$x" "\`" "\n")", {"a\"b", "$x", "`", "\\n"}},
      {"'$HOME `x` | \\'", {"$HOME `x` | \\"}},
      {"true # | $comment", {"true"}},
      {"a#b", {"a#b"}},
      {"--dst-local=zstd=/wal", {"--dst-local=zstd=/wal"}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.command);
    const ShellWords split = shell_words(row.command);
    CHECK(split.words == row.words);
    CHECK(split.problem == "");
  }
}

TEST_CASE("what needs a shell is a problem, and its words are still there") {
  struct Row {
    std::string_view command, problem;
    std::vector<std::string> words;
  };
  const std::vector<Row> rows = {
      {"a || true", "'|' in it needs a shell", {"a", "true"}},
      {"a; b", "';' in it needs a shell", {"a", "b"}},
      {"test ! -f x && cp y x", "'!' in it needs a shell", {"test", "-f", "x", "cp", "y", "x"}},
      {"a > b", "'>' in it needs a shell", {"a", "b"}},
      {"a $HOME/x", "'$' in it needs a shell", {"a", "HOME/x"}},
      {"a \"$HOME/x\"", "'$' in it needs a shell", {"a", "$HOME/x"}},
      {"a `b`", "'`' in it needs a shell", {"a", "b"}},
      {"a *", "'*' in it needs a shell", {"a"}},
      {"a ~/x", "'~' in it needs a shell", {"a", "/x"}},
      {"a\nb", "it has several lines", {"a", "b"}},
      {"a 'b c", "a ' is not closed", {"a", "b c"}},
      {"a '", "a ' is not closed", {"a", ""}},
      {"a \"b c", "a \" is not closed", {"a", "b c"}},
      {"a \\", "it ends in a backslash", {"a", ""}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.command);
    const ShellWords split = shell_words(row.command);
    CHECK(split.problem == row.problem);
    CHECK(split.words == row.words);
  }
}
