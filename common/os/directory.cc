#include "common/os/directory.h"

#include <dirent.h>
#include <fcntl.h>

#include <cerrno>
#include <memory>

#include "common/os/signals.h"

namespace pitr {
namespace {

struct CloseDirectory {
  void operator()(DIR* stream) const { ::closedir(stream); }
};

// A descriptor of its own for the same directory; -1, and errno tells why not.
int open_number(const Fd& directory) {
  for (;;) {
    throw_if_signalled();
    const int number = ::openat(directory.number(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (number >= 0 || errno != EINTR) return number;
  }
}

}  // namespace

Fd open_again(const Fd& directory) {
  const int number = open_number(directory);
  if (number < 0) fail(Exit::failed, "open {}: {}", directory.name(), errno_text(errno));
  return Fd(number, directory.name());
}

void list_directory(const Fd& directory, const std::function<bool(const std::string& name)>& each) {
  const int number = open_number(directory);
  const std::unique_ptr<DIR, CloseDirectory> stream(number < 0 ? nullptr : ::fdopendir(number));
  if (!stream) fail(Exit::failed, "list {}: {}", directory.name(), errno_text(errno));
  for (;;) {
    throw_if_signalled();
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) {
      if (errno != 0) fail(Exit::failed, "list {}: {}", directory.name(), errno_text(errno));
      return require_directory(directory);
    }
    const std::string name = entry->d_name;
    if (name != "." && name != ".." && !each(name)) return;
  }
}

void require_directory(const Fd& directory) {
  if (file_status(directory).st_nlink == 0)
    fail(Exit::failed, "{}: the directory was removed", directory.name());
}

}  // namespace pitr
