#pragma once

#include <memory>
#include <string>

#include "common/base/stream.h"

namespace pitr {

// SHA-256 alone. Apart from Digest: who needs no other one is linked with a few functions of libcrypto
// instead of all of it, and starts in three quarters of the time.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void update(Bytes bytes);
  std::string hex();  // ends it; once

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pitr
