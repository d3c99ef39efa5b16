#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pitr {

// How many seconds the oldest child of the process `parent` of this host has been running; null: it has none.
// Throws when no process `parent` with `title` in its command line is here.
std::optional<double> age_of_child(const std::string& parent, std::string_view title);

}  // namespace pitr
