#pragma once

#include <string>
#include <string_view>

namespace pitr {

// Text from outside, a file name or a server's message, fit for a terminal and one line: a line feed becomes
// a space; what is no UTF-8, steers the terminal or turns the direction of writing is shown as \xhh.
std::string printable(std::string_view text);

}  // namespace pitr
