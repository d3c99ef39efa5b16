#pragma once

#include <string>

#include "common/base/moment.h"
#include "common/postgres/wal.h"

namespace pitr {

// To where recovery goes.
struct RecoveryTarget {
  enum class Kind { latest, immediate, time, lsn, xid, name };
  Kind kind = Kind::latest;
  std::string text;  // as the user wrote it
  Moment time = 0;
  Lsn lsn;
  bool exclusive = false;
  std::string action;               // pause, promote, shutdown; "" for PostgreSQL's default
  std::string timeline = "latest";  // latest, current or a number
};

std::string describe(const RecoveryTarget& target);  // "time 2026-11-22 14:03:00+01"

}  // namespace pitr
