#pragma once

#include <string>

#include "common/log.h"
#include "common/server.h"

namespace pitr {

// A physical replication slot that keeps the server's WAL from now on: the one that is wanted, which stays when keep()
// was called; or one of our session's, which ends with it.
class ReplicationSlot {
 public:
  // Creates the slot; throws when it exists. `name` "": the session's own, and when the server has none left that is
  // logged.
  ReplicationSlot(Server& server, const std::string& name, Log& log);
  ~ReplicationSlot();
  ReplicationSlot(const ReplicationSlot&) = delete;
  ReplicationSlot& operator=(const ReplicationSlot&) = delete;

  void keep() { kept_ = true; }

 private:
  Server& server_;
  std::string name_;
  Log& log_;
  bool kept_ = false;
};

}  // namespace pitr
