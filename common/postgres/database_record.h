#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "common/postgres/wal_record.h"

namespace pitr {

// The files of a database go, or come as a copy of another one's.
std::optional<std::uint32_t> dropped_database(const WalRecord& record);
struct CopiedDatabase {
  std::uint32_t database, from;  // `from` is 0 when its pages are in the WAL, too
};
std::optional<CopiedDatabase> created_database(const WalRecord& record);

// The transactions that have a number and have not ended, as the server tells standbys with every checkpoint
// and every 15 s.
std::optional<std::vector<std::uint32_t>> running_transactions(const WalRecord& record);

// The server was stopped, or has recovered from a crash: no transaction goes on behind this record, but
// prepared ones.
bool ends_all_transactions(const WalRecord& record);

}  // namespace pitr
