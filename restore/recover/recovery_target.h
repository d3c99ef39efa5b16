#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/postgres/wal.h"

namespace pitr {

// A moment in microseconds since 1970, UTC.
using Moment = std::int64_t;

// "2026-11-22 14:03:00.5+01": a date, a time, a fraction and an offset from UTC, of which everything behind
// the date may be missing; without an offset it is local time here. Null when it does not parse.
std::optional<Moment> parse_moment(const std::string& text);
std::string moment_text(Moment moment);  // "2026-11-22 13:03:00.5+00", as PostgreSQL takes it

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
