#pragma once

#include <map>
#include <string>

#include "common/base/stream.h"

namespace pitr {

// The values of "Key: value" lines by key; other lines count for nothing. Throws Exit::damaged when the last
// line is cut off.
std::map<std::string, std::string> read_values(Source& from);

}  // namespace pitr
