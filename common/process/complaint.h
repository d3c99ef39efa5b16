#pragma once

#include <string>

#include "common/os/fd.h"

namespace pitr {

// What a program says on stderr, kept for messages: the last few KiB of it.
class Complaint {
 public:
  // `program` is what messages call it.
  explicit Complaint(const std::string& program);

  const Fd& writer() const { return writer_; }  // for the program
  void close_writer() { writer_.close(); }      // once the program has it
  const Fd& reader() const {
    return reader_;
  }             // to be polled with others; none when the program has closed its end
  void take();  // what is there now

  const std::string& said() const { return said_; }
  // The last two lines, in one; "" when there were none.
  std::string last_words() const;

 private:
  Fd reader_, writer_;
  std::string said_;
};

// Both ends of a pipe that no program inherits.
struct Pipe {
  Fd reader, writer;
};
Pipe make_pipe(const std::string& name);

}  // namespace pitr
