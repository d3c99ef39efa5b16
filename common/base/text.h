#pragma once

#include <string>
#include <string_view>

#include "common/base/stream.h"

namespace pitr {

// What is small enough to be held as a string.

std::string read_text(Source& from);
void replace_all(std::string& text, std::string_view from, std::string_view to);
// One line that does nothing to a terminal, whatever a file name or a server's message holds: a line feed
// becomes a space, any other control character "\x1b".
std::string printable(std::string_view text);

}  // namespace pitr
