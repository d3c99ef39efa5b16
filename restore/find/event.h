#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/base/moment.h"
#include "common/postgres/wal.h"

namespace pitr {

// What a transaction did that somebody may want to take back.
enum class Deed {
  drop,  // a table, a view, a materialized view, a foreign table
  truncate,
  erase,       // many rows
  update,      // many rows
  database,    // DROP DATABASE
  drop_other,  // an index, a sequence, a type
  rewrite,     // VACUUM FULL, CLUSTER, REFRESH, ALTER TABLE: all rows are in a new file
};
std::string_view word(Deed deed);  // "drop", as --what knows it; "all" for what only that one shows

struct Event {
  Deed deed;
  std::string object;  // "TABLE", "VIEW"; of a drop
  std::string name;    // as text_of() writes it, or by numbers
  bool has_name = true;
  std::uint64_t rows = 0;                      // erased, updated
  std::optional<std::uint64_t> of_about = {};  // so many rows the relation had at its last ANALYZE
};

// A committed transaction, and where recovery has to stop for nothing of it to be done.
struct Found {
  std::uint32_t transaction;
  Moment time;
  Lsn stop;  // before the record that begins there
  std::vector<Event> events;
  struct Commit {
    std::uint32_t transaction;
    Moment time;
  };
  std::optional<Commit> before;  // the last commit before `stop`; null: none that was read
};

}  // namespace pitr
