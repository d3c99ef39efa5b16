#include "common/base/shell_word.h"

#include "common/base/text.h"

namespace pitr {
std::string quote_for_shell(std::string text) {
  replace_all(text, "'", "'\\''");
  return "'" + text + "'";
}

}  // namespace pitr
