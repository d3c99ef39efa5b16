#include "common/wal/restore_command.h"

#include "common/base/shell_word.h"

namespace pitr {
std::string restore_command(const std::string& program, const std::vector<Place>& sources,
                            const std::vector<std::string>& options) {
  std::string command = word_for_shell(program);
  for (const Place& source : sources) command += " -s " + word_for_shell(place_word(source));
  for (const std::string& word : options) command += " " + word_for_shell(word);
  std::string escaped;
  for (const char c : command) escaped += c == '%' ? std::string("%%") : std::string(1, c);
  return escaped + " %f %p";
}

}  // namespace pitr
