#pragma once

#include <string>

namespace pitr {

// What this host calls itself.
std::string host_name();

}  // namespace pitr
