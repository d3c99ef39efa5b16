#pragma once

#include <string>
#include <vector>

#include "common/base/stream.h"

namespace pitr {

// The lines of a source, without their line feeds.
class LineReader {
 public:
  explicit LineReader(Source& from) : from_(from), buffer_(64 * 1024) {}

  // False at the end. Throws Exit::damaged when the last line has no line feed, and for a line of over 1 MiB.
  bool next(std::string& line);

 private:
  Source& from_;
  std::vector<std::byte> buffer_;
  std::size_t at_ = 0, size_ = 0;
};

}  // namespace pitr
