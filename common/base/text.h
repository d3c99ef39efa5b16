#pragma once

#include <string>
#include <string_view>

#include "common/base/stream.h"

namespace pitr {

// What is small enough to be held as a string.

std::string read_text(Source& from);
void replace_all(std::string& text, std::string_view from, std::string_view to);

}  // namespace pitr
