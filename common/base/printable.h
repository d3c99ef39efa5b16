#pragma once

#include <string>
#include <string_view>

namespace pitr {

// Text from outside, fit for a terminal and one line: what is no UTF-8, steers the terminal or turns the
// direction of writing is shown as \xHH.
std::string printable(std::string_view text);

}  // namespace pitr
