#pragma once

#include <string>

namespace pitr {

// A program of this major: in `bindir`, else where Debian and Red Hat have it, else in PATH. Throws failed
// when it is not found.
std::string server_program(const std::string& bindir, const std::string& major, const std::string& program);

}  // namespace pitr
