#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "common/base/stream.h"

namespace pitr {

// What is small enough to be held as a string.

std::string read_text(Source& from);
std::string read_text(const std::filesystem::path& path);  // a regular file; a symbolic link is not followed
// "" when there is no such file. `flags`: O_NOFOLLOW, or 0 to follow a symbolic link.
std::string read_text_if_there(const std::filesystem::path& path, int flags);

// The values of "Key: value" lines by key; other lines count for nothing. Throws Exit::damaged when the last line is
// cut off.
std::map<std::string, std::string> read_values(Source& from);

void replace_all(std::string& text, std::string_view from, std::string_view to);

// As one word for a POSIX shell, whatever is in it.
std::string quote_for_shell(std::string text);

}  // namespace pitr
