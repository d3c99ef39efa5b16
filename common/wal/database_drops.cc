#include "common/wal/database_drops.h"

#include <algorithm>

#include "common/postgres/catalog_row.h"
#include "common/postgres/database_record.h"

namespace pitr {

void DatabaseDrops::see(const WalRecord& record) {
  if (record.manager == ResourceManager::heap) return see_heap(record);
  if (const auto database = dropped_database(record)) {
    // Without a deleted row it is what is left of a database that moved, or that could not be created.
    if (deleting_.contains(record.transaction))
      drops_.try_emplace(record.transaction, DatabaseDrop{record.start, *database, {}});
  } else if (const auto end = transaction_end(record)) {
    drops_.erase(end->transaction);
    deleting_.erase(end->transaction);
  } else if (ends_all_transactions(record)) {
    marked_.clear();
    drops_.clear();
    deleting_.clear();
  }
}

void DatabaseDrops::see_heap(const WalRecord& record) {
  const auto change = heap_change(record);
  if (change != HeapChange::inplace && change != HeapChange::erase) return;
  const auto contents = contents_of(record);
  const auto row = contents ? old_row(*change, *contents) : std::nullopt;
  if (!row || row->relation.tablespace != global_tablespace) return;
  const Place place{row->relation, row->block, row->offset};
  if (change == HeapChange::erase) {
    deleting_.insert(record.transaction);
    if (const auto marked = marked_.extract(place))
      drops_.try_emplace(record.transaction, std::move(marked.mapped()));
    return;
  }
  each_new_row(record, *contents, {}, [&](const HeapRow& changed) {
    if (changed.relation != row->relation || changed.block != row->block || changed.offset != row->offset)
      return;
    const auto database = database_row(changed.columns, record.magic);
    // VACUUM writes in place, too. The first mark counts: a drop that failed is taken up again.
    if (database && database->is_invalid)
      marked_.try_emplace(place, DatabaseDrop{record.start, database->oid, database->name});
  });
}

std::optional<DatabaseDrop> DatabaseDrops::going_on() const {
  std::optional<DatabaseDrop> first;
  const auto look = [&](const auto& drops) {
    for (const auto& [key, drop] : drops) {
      if (!first || drop.begin < first->begin) first = drop;
    }
  };
  look(marked_);
  look(drops_);
  return first;
}

std::optional<DatabaseDrop> DatabaseDrops::of(std::uint32_t transaction) const {
  const auto found = drops_.find(transaction);
  return found == drops_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace pitr
