#include "common/sibling_program.h"

#include <unistd.h>

#include <system_error>

#include "common/error.h"

namespace pitr {

std::filesystem::path sibling_program(const std::string& name) {
  std::error_code code;
  const std::filesystem::path directory = std::filesystem::read_symlink("/proc/self/exe", code).parent_path();
  // Where it was built every folder has its own programs.
  for (const auto& candidate : {directory / name, directory.parent_path() / "restore" / name}) {
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  fail(Exit::failed, "{}: it is not there, and the programs of the suite run each other", (directory / name).native());
}

}  // namespace pitr
