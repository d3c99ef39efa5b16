#include "common/os/text_file.h"

#include <fcntl.h>

#include "common/os/file_source.h"

namespace pitr {
std::string read_text(const std::filesystem::path& path) {
  FileSource source = open_regular(path);
  return read_text(source);
}

std::string read_text_if_there(const std::filesystem::path& path, int flags) {
  Fd file = open_if_there(path, O_RDONLY | O_NONBLOCK | flags);
  if (!file) return {};
  FileSource source(std::move(file));
  return read_text(source);
}

}  // namespace pitr
