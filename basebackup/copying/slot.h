#pragma once

#include <string>

#include "common/cli/log.h"
#include "common/postgres/server.h"

namespace pitr {

// Keeps the server's WAL from now on, by a physical replication slot of our session: however that ends,
// nothing is left that would fill the server's disk.
class ReplicationSlot {
 public:
  // `name`: of a slot that is wanted in the end, "" for none; throws when the server has one of this name.
  // Without a name a server that has no slot left is only logged.
  ReplicationSlot(Server& server, const std::string& name, Log& log);
  ~ReplicationSlot();
  ReplicationSlot(const ReplicationSlot&) = delete;
  ReplicationSlot& operator=(const ReplicationSlot&) = delete;

  // Creates the slot that is wanted, with all the WAL that is kept by now. Without keep() it goes with the
  // object.
  void create();
  void keep() { created_ = false; }

 private:
  Server& server_;
  std::string own_, name_;
  Log& log_;
  bool created_ = false;
};

}  // namespace pitr
