#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/piped_process.h"
#include "common/remote.h"

namespace pitr {

// A connection to the shell that runs ssh_far_side.sh in a directory of another host. Connections to one host share a
// master (ssh's ControlMaster, in a private directory), so that only the first one logs in.
//
// It is either between two commands, or of no use any more: whatever throws breaks it.
class SshSession {
 public:
  // Throws when the host cannot be reached, lacks what is needed or has no such directory.
  SshSession(const std::string& host, const std::string& directory, const Remote& remote);

  void send(std::initializer_list<std::string_view> lines);
  void send_bytes(Bytes bytes) { process_.write(bytes); }
  // The next reply without its '/'. Throws when it is "fail REASON".
  std::string reply();
  // A name of a listing; a reply, which ends it, comes with its '/'.
  std::string line();
  std::size_t read(std::span<std::byte> buffer);

  // Something went wrong in the middle: nobody knows what the next bytes would mean.
  bool is_broken() const { return broken_; }
  void set_broken() { broken_ = true; }

 private:
  void fill();

  std::string described_;
  PipedProcess process_;
  std::string unread_;
  bool broken_ = false;
};

}  // namespace pitr
