#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/stream.h"

namespace pitr {

// CRC-32C (Castagnoli) as PostgreSQL stores it. Continues from an earlier result; start with 0.
std::uint32_t crc32c(std::uint32_t crc, Bytes bytes);
// The four bytes as a manifest prints them: lowest first, in hex.
std::string crc32c_hex(std::uint32_t crc);

// A message digest of libcrypto. `algorithm` as OmniPITR's users write it: MD5, SHA-1, SHA-256, SHA-384, SHA-512.
class Digest {
 public:
  explicit Digest(std::string_view algorithm);  // throws usage on an unknown one
  ~Digest();
  Digest(Digest&&) noexcept;
  void update(Bytes bytes);
  std::string hex();  // ends the digest: call once
 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

std::string sha256_hex(Bytes bytes);

}  // namespace pitr
