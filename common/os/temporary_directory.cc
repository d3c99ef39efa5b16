#include "common/os/temporary_directory.h"

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "common/base/error.h"

namespace pitr {

TemporaryDirectory::TemporaryDirectory(const std::filesystem::path& parent, std::string_view name) {
  std::string path = parent / fmt::format("{}.XXXXXX", name);
  if (::mkdtemp(path.data()) == nullptr) {
    fail(Exit::failed, "create a directory in {}: {}", parent.native(), errno_text(errno));
  }
  path_ = path;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace pitr
