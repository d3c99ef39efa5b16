#pragma once

#include <string>

#include "common/store/rsync_command.h"

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

  using Command = RsyncCommand;
  using Result = RsyncResult;
  Result run(Command command) const;
  void run_or_fail(const Command& command) const;

 private:
  std::string place_;
  std::size_t module_end_ = 0;
  Remote remote_;
};

}  // namespace pitr
