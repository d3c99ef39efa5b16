#include "common/process/sibling_program.h"

#include <unistd.h>

#include <system_error>

#include "common/base/error.h"

namespace pitr {

std::filesystem::path sibling_program(const std::string& name) {
  std::error_code code;
  const std::filesystem::path program =
      std::filesystem::read_symlink("/proc/self/exe", code).parent_path() / name;
  if (::access(program.c_str(), X_OK) == 0) return program;
  fail(Exit::failed, "{}: it is not there, and the programs of the suite run each other", program.native());
}

}  // namespace pitr
