#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/store/store.h"

namespace pitr {

// A run of rsync, whatever it reaches.
struct RsyncCommand {
  std::vector<std::string> arguments = {};
  std::string_view names = {};     // for --files-from=-, each with a zero behind it
  const Fd* input = nullptr;       // a file as its stdin, in place of names
  std::uint64_t silent_bytes = 0;  // what it may have to read or to sync without a word
  // Called for each line that it prints; '\r', as in progress, ends a line, too.
  std::function<void(const std::string&)> each = [](const std::string&) {};
};

struct RsyncResult {
  int status;
  std::string said;

  // Why the run did not work, in one line.
  std::string reason() const;
};

// `described` is what messages call it.
RsyncResult run_rsync(const RsyncCommand& command, const Remote& remote, const std::string& described);

}  // namespace pitr
