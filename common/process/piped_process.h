#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/process/child.h"
#include "common/process/complaint.h"

namespace pitr {

// A program with its stdin and stdout in our hands. What it says on stderr is kept for messages: its last
// lines. Whoever waits for it longer than `patience` without a byte getting on gets an Error, as does a
// caught signal.
class PipedProcess {
 public:
  // `environment`: "NAME=value", added to ours. `described` is what messages call it. `stdin_file` is its
  // stdin when nothing is to be written.
  PipedProcess(const std::vector<std::string>& words, const std::vector<std::string>& environment,
               std::string described, std::chrono::seconds patience, const Fd* stdin_file = nullptr);

  // Throws when the program has closed its stdin, with what it said.
  void write(Bytes bytes);
  void close_input();
  std::size_t read(std::span<std::byte> buffer);  // 0: the end of its output
  // Returns its exit status, 128 + N for signal N; what it still prints is dropped.
  int wait();
  // The last words on stderr, in one line; "" when there were none.
  std::string last_words() const { return complaint_.last_words(); }
  const std::string& said() const { return complaint_.said(); }

 private:
  enum class Side { input, output };
  void wait_for(Side side);
  [[noreturn]] void fail_with(const std::string& what);

  std::string described_;
  std::chrono::seconds patience_;
  std::unique_ptr<Child> child_;  // outlives the pipes: closed ones tell it to end before it is asked to
  Fd input_, output_;
  Complaint complaint_;
};

}  // namespace pitr
