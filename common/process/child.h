#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "common/os/fd.h"

namespace pitr {

// The only fork(2) and exec(2) of the suite. A process that runs while the object lives: its end is asked
// for, then forced, by the destructor.
class Child {
 public:
  enum class Dies {
    with_us,     // however our process, or the thread that made it, ends
    by_itself,   // it has a pipe of ours and ends when that does
    with_group,  // it leads a process group: the destructor ends whatever is in it, also without its leader
  };
  // `work` runs in the child and does not return to the caller there.
  explicit Child(const std::function<int()>& work, Dies dies = Dies::with_us);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  // Returns whether it has ended, after a nap at most.
  bool ended();
  int status() const { return status_; }  // 128 + N when signal N killed it
  bool is_running() const { return number_ > 0; }
  void leave_group() { group_ = 0; }                    // what is still in it may go on
  const Fd& descriptor() const { return descriptor_; }  // readable when it has ended

 private:
  pid_t number_ = 0;
  pid_t group_ = 0;
  Fd descriptor_;
  int status_ = 0;
};

// What a child ends with when an exception left its work.
inline constexpr int child_threw = 126;

// Starts a program that outlives us and that nobody waits for: in a session of its own and in "/", its
// standard descriptors on /dev/null, nothing else of ours open. The words name files by absolute paths. It
// must end by itself, and only with 0 or 1: whoever inherits it may take another status for a crash.
void start_detached(const std::vector<std::string>& words);

// Becomes the program, found in PATH; for a child. Ends with 127 when it cannot be run.
[[noreturn]] void execute(const std::vector<std::string>& words, const std::filesystem::path& directory);

}  // namespace pitr
