#pragma once

#include <cstdint>

namespace pitr {

// Keeps a processor busy for a time that differs from seed to seed.
inline std::uint64_t busy(std::uint64_t seed) {
  std::uint64_t x = seed * 0x9e3779b97f4a7c15 + 1;
  for (std::uint64_t i = 0, end = (x >> 40) % 200000; i < end; ++i)
    x = x * 6364136223846793005 + 1442695040888963407;
  return x;
}

}  // namespace pitr
