#include "common/base/line_reader.h"

#include <cstring>

namespace pitr {

bool LineReader::next(std::string& line) {
  constexpr std::size_t longest = 1024 * 1024;
  line.clear();
  for (;;) {
    if (at_ == size_) {
      at_ = 0;
      size_ = from_.read(buffer_);
      if (size_ == 0) break;
    }
    const char* const begin = reinterpret_cast<const char*>(buffer_.data()) + at_;
    const auto* const end = static_cast<const char*>(std::memchr(begin, '\n', size_ - at_));
    const std::size_t n = end == nullptr ? size_ - at_ : static_cast<std::size_t>(end - begin);
    if (line.size() + n > longest) fail(Exit::damaged, "a line is longer than 1 MiB");
    line.append(begin, n);
    at_ += n;
    if (end == nullptr) continue;
    ++at_;
    return true;
  }
  if (!line.empty()) fail(Exit::damaged, "its last line is cut off");
  return false;
}

}  // namespace pitr
