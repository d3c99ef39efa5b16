#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "common/process/child.h"
#include "common/process/complaint.h"

namespace pitr {

// A program that is fed a stream and must take all of it. We keep a read end of its stdin, so that the bytes
// which nobody has read can be counted: a pipe of 64 KiB takes what a program that ends at once will never
// see.
//
// The end of its input is a commit: destroyed without finish(), the program and all that it started are
// killed before they can see it. What it prints, on stdout or stderr, is kept for messages.
class FedProcess {
 public:
  // `patience`: how long it may take no byte while there are some. With everything read it may work as long
  // as it likes: an upload may start then.
  FedProcess(const std::vector<std::string>& words, std::string described, std::chrono::seconds patience);
  ~FedProcess();
  FedProcess(const FedProcess&) = delete;
  FedProcess& operator=(const FedProcess&) = delete;

  // Throws when it has ended, with what it said.
  void write(Bytes bytes);
  // The end of its input. Returns when it has ended with status 0 and every byte has been read; throws
  // otherwise.
  void finish();

 private:
  class Patience;
  std::size_t unread() const;
  void nap(short input_event);
  void require_running();
  [[noreturn]] void fail_with(const std::string& what);
  [[noreturn]] void fail_with_status();

  std::string described_;
  std::chrono::seconds patience_;
  Complaint complaint_;
  Fd reader_, writer_;
  std::unique_ptr<Child> child_;
};

}  // namespace pitr
