#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pitr {

// What the server's archive_command does, as far as its text tells.
struct ArchiveCommand {
  enum class Kind {
    none,      // the setting is empty: WAL piles up
    discards,  // says yes and stores nothing: /bin/true, test -f %p
    refuses,   // says no to everything: /bin/false
    pitr_archive,
    other,
  };
  Kind kind = Kind::other;
  std::string problem;  // why it could not be understood to its end; "" when it could
  std::vector<std::string> words;
  std::vector<std::string> options;  // those of pitr-archive, when the command was understood
  // pitr-archive goes on to further files by itself (--batch-size), and other commands of the line never run
  // for those.
  bool leaves_commands_out = false;
  std::string program;  // the first word, or pitr-archive behind a prefix such as "nice"
};
ArchiveCommand read_archive_command(std::string_view command);

}  // namespace pitr
