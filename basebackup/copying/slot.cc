#include "basebackup/copying/slot.h"

#include <unistd.h>

namespace pitr {

ReplicationSlot::ReplicationSlot(Server& server, const std::string& name, Log& log)
    : server_(server), own_(fmt::format("pitr_{}", ::getpid())), name_(name), log_(log) {
  if (!name.empty() &&
      server.value("SELECT count(*) FROM pg_replication_slots WHERE slot_name = $1", {name}) != "0") {
    fail(Exit::usage,
         "--slot {}: the server has a slot of this name; if no standby uses it: "
         "SELECT pg_drop_replication_slot('{}')",
         name, name);
  }
  try {
    server.query("SELECT pg_create_physical_replication_slot($1, true, true)", {own_});
  } catch (const Error& error) {
    if (!name.empty()) throw;
    log.note("WAL is kept only by wal_keep_size: {}", error.what());
  }
}

void ReplicationSlot::create() {
  if (name_.empty()) return;
  in_context("--slot " + name_, [&] {
    server_.query("SELECT pg_copy_physical_replication_slot($1, $2, false)", {own_, name_});
  });
  created_ = true;
}

ReplicationSlot::~ReplicationSlot() {
  if (!created_) return;
  try {
    server_.query("SELECT pg_drop_replication_slot($1)", {name_});
  } catch (const std::exception& error) {
    log_.error("slot {} is there and keeps WAL: {}; SELECT pg_drop_replication_slot('{}')", name_,
               error.what(), name_);
  }
}

}  // namespace pitr
