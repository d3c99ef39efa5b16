#pragma once

#include <filesystem>
#include <string>

#include "common/base/text.h"

namespace pitr {

// A small file as a string.

std::string read_text(const std::filesystem::path& path);  // a regular file; a symbolic link is not followed
// "" when there is no such file. `flags`: O_NOFOLLOW, or 0 to follow a symbolic link.
std::string read_text_if_there(const std::filesystem::path& path, int flags);

}  // namespace pitr
