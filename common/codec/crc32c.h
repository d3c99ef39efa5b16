#pragma once

#include <cstdint>
#include <string>

#include "common/base/stream.h"

namespace pitr {

// Apart from the digests: who needs no more than this is linked without libcrypto, and starts faster.

// CRC-32C (Castagnoli) as PostgreSQL stores it. Continues from an earlier result; start with 0.
std::uint32_t crc32c(std::uint32_t crc, Bytes bytes);
// The four bytes as a manifest prints them: lowest first, in hex.
std::string crc32c_hex(std::uint32_t crc);

}  // namespace pitr
