#pragma once

#include <cstdint>
#include <cstring>

#include "common/base/stream.h"

namespace pitr {

// Takes values off the front; what is not there any more makes it fail for good.
class ByteReader {
 public:
  explicit ByteReader(Bytes bytes) : rest_(bytes) {}

  template <typename T>
  T take() {
    T value{};
    const Bytes bytes = take_bytes(sizeof value);
    if (!bytes.empty()) std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  Bytes take_bytes(std::size_t size) {
    if (size > rest_.size()) failed_ = true;
    if (failed_) return {};
    const Bytes taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }
  void skip(std::uint64_t size) {
    take_bytes(size > rest_.size() ? rest_.size() + 1 : static_cast<std::size_t>(size));
  }
  std::size_t left() const { return failed_ ? 0 : rest_.size(); }
  bool failed() const { return failed_; }

 private:
  Bytes rest_;
  bool failed_ = false;
};

}  // namespace pitr
