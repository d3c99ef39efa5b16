#include "restore/recover/drop_database.h"

#include <algorithm>
#include <limits>
#include <set>

#include "common/postgres/database_record.h"

namespace pitr {
namespace {

// What a look at the WAL from some point on tells.
struct Look {
  std::optional<DatabaseDrop> drop;
  bool is_enough = false;  // nothing that began before it can be going on
};

Look look_from(const PathRecords& wal, Lsn from, const StoppingPoint& stop) {
  DatabaseDrops drops;
  // Transactions that ran at the first point of which the WAL tells that, and have not ended since.
  std::optional<std::set<std::uint32_t>> older;
  const auto see = [&](const WalRecord& record) {
    drops.see(record);
    if (!older) {
      if (const auto running = running_transactions(record)) older.emplace(running->begin(), running->end());
    } else if (const auto end = transaction_end(record)) {
      older->erase(end->transaction);
      for (const auto part : end->subtransactions) older->erase(part);
    }
  };
  wal.read(from, {std::numeric_limits<std::uint64_t>::max()}, [&](const WalRecord& record) {
    const bool is_last = record.start >= stop.at;
    if (!is_last || stop.inclusive) see(record);
    return !is_last;
  });
  const auto drop = drops.going_on();
  // Without a name its beginning may lie before `from`.
  return {drop, older && older->empty() && !(drop && drop->name.empty())};
}

}  // namespace

std::optional<DatabaseDrop> drop_going_on(const WalSearch& search, const StoppingPoint& stop, Log& log) {
  const PathRecords wal = records_of(search);
  const SegmentSize size = search.meta.segment_size;
  Lsn from = size.start_of_segment(stop.at);
  for (std::uint64_t segments = 1;; segments *= 2) {
    from = std::max(from, search.meta.start);
    log.detail("Looking for a DROP DATABASE from {} to {}", to_string(from), to_string(stop.at));
    const Look look = look_from(wal, from, stop);
    if (look.is_enough || from <= search.meta.start) return look.drop;
    from.value -= std::min(from.value, segments * size.bytes());
  }
}

}  // namespace pitr
