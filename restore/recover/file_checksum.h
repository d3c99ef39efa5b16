#pragma once

#include <optional>
#include <string>

#include "common/codec/digest.h"

namespace pitr {

// The checksum of a file by an algorithm of a manifest: NONE, CRC32C, SHA256, SHA384, SHA512.
class FileChecksum {
 public:
  explicit FileChecksum(const std::string& algorithm);
  void update(Bytes bytes);
  std::string hex();  // "" for NONE; call once

 private:
  bool is_crc_;
  std::uint32_t crc_ = 0;
  std::optional<Digest> digest_;
};

}  // namespace pitr
