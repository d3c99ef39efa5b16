#include "common/os/parallel_for.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "common/os/thread.h"

namespace pitr {

std::size_t worker_count(int wanted, std::size_t most) {
  if (wanted > 0) return static_cast<std::size_t>(wanted);
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, most);
}

void parallel_for(std::size_t count, std::size_t workers, const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::exception_ptr first;
  std::size_t first_index = count;
  const auto work_off = [&] {
    for (std::size_t i = next++; i < count; i = next++) {
      try {
        work(i);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (i < first_index) {
          first_index = i;
          first = std::current_exception();
        }
      }
    }
  };
  {
    std::vector<std::jthread> threads;
    const std::size_t wanted = std::min(count, workers);
    while (threads.size() + 1 < wanted && start_thread(threads, work_off)) {
    }
    work_off();  // the calling thread is one of the workers
  }
  if (first) std::rethrow_exception(first);
}

}  // namespace pitr
