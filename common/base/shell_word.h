#pragma once

#include <string>

namespace pitr {

// As one word for a POSIX shell, whatever is in it.
std::string quote_for_shell(std::string text);
// The same, without quotes where none are needed.
std::string word_for_shell(const std::string& text);

}  // namespace pitr
