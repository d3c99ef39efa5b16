#pragma once

#include <functional>
#include <string>

namespace pitr {

// Stands in front of some calls to the system, for what a test cannot bring about: file systems without
// links, disks that fail, another process at work between two calls. Without a SystemCalls object the calls
// pass.
class SystemCalls {
 public:
  SystemCalls();
  ~SystemCalls();
  SystemCalls(const SystemCalls&) = delete;
  SystemCalls& operator=(const SystemCalls&) = delete;

  // Called with "linkat", "renameat2", "renameat", "unlinkat", "fsync file" or "fsync directory" before the
  // call: the errno it fails with, 0 to let it pass.
  std::function<int(const std::string& call)> on_call;
  std::function<void()> on_poll;  // before each poll(2): every pause of the suite
  std::string trace;              // the calls that passed: "fsync file, linkat"
};

}  // namespace pitr
