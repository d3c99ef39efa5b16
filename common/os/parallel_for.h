#pragma once

#include <cstddef>
#include <functional>

namespace pitr {

// How many workers a program uses: `wanted`, or for 0 one per processor that this process may use, at most
// `most`.
std::size_t worker_count(int wanted, std::size_t most);

// Calls work(i) for every i below `count` on up to `workers` threads. Returns when all have ended; the first
// Error by index is thrown then. Work shares nothing but the index: results go to slot i.
void parallel_for(std::size_t count, std::size_t workers, const std::function<void(std::size_t)>& work);

}  // namespace pitr
