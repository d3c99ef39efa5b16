#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/store.h"

namespace pitr {

// Runs rsync against a directory in a module of a daemon. Every call is a connection.
class RsyncClient {
 public:
  // "rsync://[user@]host[:port]/module[/path]"; throws usage on anything else. Does not reach it yet.
  RsyncClient(const std::string& place, const Remote& remote);

  const std::string& place() const { return place_; }  // as messages call it: without a slash at its end
  std::string directory() const {
    return place_ + "/.";
  }  // as an argument; "/." so that it is a directory or an error
  std::string module() const { return place_.substr(0, module_end_) + "/."; }
  // The name of a file in this place as seen from module().
  std::string in_module(const Name& name) const;

  struct Command {
    std::vector<std::string> arguments = {};
    std::string_view names = {};     // for --files-from=-, each with a zero behind it
    const Fd* input = nullptr;       // a file as its stdin, in place of names
    std::uint64_t silent_bytes = 0;  // what it may have to read or to sync without a word
    // Called for each line that it prints; '\r', as in progress, ends a line, too.
    std::function<void(const std::string&)> each = [](const std::string&) {};
  };
  struct Result {
    int status;
    std::string said;
  };
  Result run(const Command& command) const;
  void run_or_fail(const Command& command) const;

  // Why a run did not work, in one line.
  static std::string reason(const Result& result);

 private:
  std::string place_;
  std::size_t module_end_ = 0;
  Remote remote_;
};

}  // namespace pitr
