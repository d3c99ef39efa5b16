#include "common/wal/archive_command.h"
#include "common/base/shell_words.h"
#include "tests/fuzz/fuzz.h"

using namespace pitr;
using namespace pitr::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);
  const ArchiveCommand command = read_archive_command(text);
  const bool is_nothing = command.words.empty() && command.problem.empty();
  expect(is_nothing == (command.kind == ArchiveCommand::Kind::none),
         "no words are no command, and nothing else is");

  // In quotes nothing has a meaning.
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  const ShellWords split = shell_words("a " + quoted + "' b");
  expect(split.problem.empty() && split.words == std::vector<std::string>{"a", std::string(text), "b"},
         "a quoted word is one word");
  return 0;
}
