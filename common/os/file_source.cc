#include "common/os/file_source.h"

#include <fcntl.h>
#include <sys/stat.h>

namespace pitr {
FileSource::FileSource(Fd fd) : fd_(std::move(fd)) {
  const struct stat status = file_status(fd_);
  if (!S_ISREG(status.st_mode)) fail(Exit::failed, "open {}: not a regular file", fd_.name());
  size_ = static_cast<std::uint64_t>(status.st_size);
}

FileSource open_regular(const std::filesystem::path& path) {
  return FileSource(open_file(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
}

}  // namespace pitr
