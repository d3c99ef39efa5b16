#pragma once

#include <filesystem>
#include <string>

namespace pitr {

// The program of the suite that lies beside ours: the same version, wherever it is installed. Throws.
std::filesystem::path sibling_program(const std::string& name);

}  // namespace pitr
