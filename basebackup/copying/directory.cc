#include "basebackup/copying/directory.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "common/base/error.h"

namespace pitr {
namespace {

std::optional<struct stat> look(int at, const std::string& name, int flags,
                                const std::filesystem::path& path) {
  struct stat status;
  if (::fstatat(at, name.c_str(), &status, flags) == 0) return status;
  if (errno == ENOENT) return std::nullopt;
  fail(Exit::failed, "look at {}: {}", path.native(), errno_text(errno));
}

}  // namespace

std::optional<Directory> read_directory(const std::filesystem::path& path) {
  Directory directory{std::unique_ptr<DIR, Directory::Close>(::opendir(path.c_str())), {}};
  if (!directory.stream) {
    if (errno == ENOENT) return std::nullopt;
    fail(Exit::failed, "open directory {}: {}", path.native(), errno_text(errno));
  }
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(directory.stream.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") directory.names.emplace_back(name);
  }
  if (errno != 0) fail(Exit::failed, "list {}: {}", path.native(), errno_text(errno));
  std::ranges::sort(directory.names);
  return directory;
}

std::optional<struct stat> status_if_there(const std::filesystem::path& path) {
  return look(AT_FDCWD, path.native(), 0, path);
}

std::optional<struct stat> own_status_if_there(int directory, const std::string& name,
                                               const std::filesystem::path& path) {
  return look(directory, name, AT_SYMLINK_NOFOLLOW, path);
}

std::optional<std::filesystem::path> link_target(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::path target = std::filesystem::read_symlink(path, error);
  if (!error) return target;
  if (error.value() == ENOENT || error.value() == EINVAL) return std::nullopt;
  fail(Exit::failed, "read link {}: {}", path.native(), errno_text(error.value()));
}

}  // namespace pitr
