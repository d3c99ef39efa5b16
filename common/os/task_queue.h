#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace pitr {

// Tasks that run on worker threads in any order, begun in the order in which they were posted.
class TaskQueue {
 public:
  TaskQueue(std::size_t workers, std::size_t most_waiting);
  ~TaskQueue();  // drops what has not begun, waits for what has
  TaskQueue(const TaskQueue&) = delete;
  TaskQueue& operator=(const TaskQueue&) = delete;

  // Waits while too many are waiting. Throws what the first task that failed threw; nothing runs after that.
  void post(std::function<void()> task);
  // Returns when all have ended, or throws as post() does. Posting may go on.
  void finish();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pitr
