#pragma once

#include <cstdint>
#include <optional>

#include "common/base/stream.h"

namespace pitr {

// A source that is no file of this host and knows all the same how long it is, before anything is read.
class SizedSource : public Source {
 public:
  virtual std::uint64_t size() const = 0;
};

// Null: it is known at its end only.
std::optional<std::uint64_t> size_of(const Source& source);

}  // namespace pitr
