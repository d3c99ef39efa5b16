#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace pitr {

// A moment in microseconds since 1970, UTC.
using Moment = std::int64_t;

// "2026-11-22 14:03:00.5+01": a date, a time, a fraction and an offset from UTC, of which everything behind
// the date may be missing; without an offset it is local time here. Null when it does not parse.
std::optional<Moment> parse_moment(const std::string& text);
std::string moment_text(Moment moment);  // "2026-11-22 13:03:00.5+00", as PostgreSQL takes it

}  // namespace pitr
