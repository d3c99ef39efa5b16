#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>

#include "common/postgres/heap_record.h"
#include "common/postgres/wal_record.h"

namespace pitr {

// DROP DATABASE marks the row of the database invalid in place (no rollback takes that back), deletes it,
// removes the files, and commits. Who stops in between gets a database that is listed and that nobody can
// connect to. Servers older than August 2023 do not mark it: there the files are gone first.
struct DatabaseDrop {
  Lsn begin;  // recovery has to stop before this record for the database to be there
  std::uint32_t database;
  std::string name;  // as the server wrote it; "" when the WAL does not tell
};

// Told every record in the order of the WAL, it knows which drops are going on behind the last one.
class DatabaseDrops {
 public:
  void see(const WalRecord& record);

  // The one that began first; null: none goes on.
  std::optional<DatabaseDrop> going_on() const;
  // That of this transaction.
  std::optional<DatabaseDrop> of(std::uint32_t transaction) const;

 private:
  using Place = std::tuple<RelationLocator, std::uint32_t, std::uint16_t>;  // of a row of pg_database
  void see_heap(const WalRecord& record);

  std::map<Place, DatabaseDrop> marked_;
  std::map<std::uint32_t, DatabaseDrop> drops_;  // by transaction
  std::set<std::uint32_t> deleting_;             // transactions that deleted in a catalog of all databases
};

}  // namespace pitr
