#pragma once

#include <string>
#include <string_view>

namespace pitr {

// Is this well-formed UTF-8, as PostgreSQL judges it (no overlong forms, no surrogates, nothing above
// U+10FFFF)?
bool is_utf8(std::string_view text);

// Appends `text`, which must be UTF-8, as a JSON string with its quotes, escaped as PostgreSQL does it.
void append_json_string(std::string& json, std::string_view text);

// Appends `"Path": "..."`. JSON holds nothing but UTF-8: any other name is appended under `encoded_key`, in
// hex, as PostgreSQL's manifest does.
void append_json_path(std::string& json, std::string_view key, std::string_view encoded_key,
                      std::string_view path);

// What `encoded_key` holds. Throws Exit::damaged when it is no hex.
std::string path_from_hex(std::string_view hex);

}  // namespace pitr
