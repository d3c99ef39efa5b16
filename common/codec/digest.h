#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/base/stream.h"

namespace pitr {

// A message digest of libcrypto. `algorithm` as OmniPITR's users write it: MD5, SHA-1, SHA-256, SHA-384,
// SHA-512.
class Digest {
 public:
  explicit Digest(std::string_view algorithm);  // throws usage on an unknown one
  ~Digest();
  Digest(Digest&&) noexcept;
  void update(Bytes bytes);
  std::string hex();  // ends the digest: call once
 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string sha256_hex(Bytes bytes);

}  // namespace pitr
