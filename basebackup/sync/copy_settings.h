#pragma once

#include <string>
#include <vector>

#include "common/postgres/server.h"
#include "common/postgres/server_settings.h"
#include "common/store/place.h"

namespace pitr {

// What the server of a copy is told.
struct CopyOptions {
  bool standby = false;
  std::string primary_conninfo;    // "": what `primary` says
  std::string slot;                // "": none
  std::vector<Place> wal_sources;  // of its restore_command; none: it has none
};

// Does `host` (of a connection, or of an output) mean whoever says it? A directory is that of a Unix socket.
bool means_this_host(const std::string& host);

// "host=db1 port=5432 user=postgres", each value quoted where libpq wants it.
std::string format_conninfo(const ServerAddress& address);

// Throws usage when the copy is a standby on another host, and would look for its primary on its own.
ServerSettings settings_of_copy(const CopyOptions& options, const ServerAddress& primary, bool is_elsewhere);

}  // namespace pitr
