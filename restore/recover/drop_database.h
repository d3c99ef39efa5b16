#pragma once

#include <optional>

#include "common/wal/database_drops.h"
#include "restore/recover/wal_search.h"

namespace pitr {

// Recovery stops before the first record that begins at or behind `at`; `inclusive`: behind that one.
struct StoppingPoint {
  Lsn at;
  bool inclusive;
};

// The DROP DATABASE that is going on at this point: who stops there gets a database that nobody can connect
// to. Reads backwards from there, as far as the oldest transaction goes that is running then, at most to
// where the backup began.
std::optional<DatabaseDrop> drop_going_on(const WalSearch& search, const StoppingPoint& stop, Log& log);

}  // namespace pitr
