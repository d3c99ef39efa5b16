#pragma once

#include <string>

namespace pitr {

// As one word for a POSIX shell, whatever is in it.
std::string quote_for_shell(std::string text);

}  // namespace pitr
