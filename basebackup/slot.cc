#include "basebackup/slot.h"

#include <unistd.h>

#include "common/fd.h"

namespace pitr {

ReplicationSlot::ReplicationSlot(Server& server, const std::string& name, Log& log)
    : server_(server), name_(name), log_(log) {
  if (name.empty()) {
    try {
      server.query("SELECT pg_create_physical_replication_slot($1, true, true)", {fmt::format("pitr_sync_{}", ::getpid())});
    } catch (const Error& error) {
      throw_if_signalled();
      log.note("no replication slot for as long as this takes ({}): WAL is kept only by wal_keep_size", error.what());
    }
    return;
  }
  if (server.value("SELECT count(*) FROM pg_replication_slots WHERE slot_name = $1", {name}) != "0") {
    fail(Exit::usage, "--slot {}: the server has a slot of this name; if no standby uses it: "
         "SELECT pg_drop_replication_slot('{}')", name, name);
  }
  in_context("--slot " + name, [&] { server.query("SELECT pg_create_physical_replication_slot($1, true)", {name}); });
}

ReplicationSlot::~ReplicationSlot() {
  if (name_.empty() || kept_) return;
  try {
    server_.query("SELECT pg_drop_replication_slot($1)", {name_});
  } catch (const std::exception& error) {
    log_.error("slot {} is still there and keeps WAL: {}; SELECT pg_drop_replication_slot('{}')", name_, error.what(), name_);
  }
}

}  // namespace pitr
