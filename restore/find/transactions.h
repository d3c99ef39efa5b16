#pragma once

#include <functional>
#include <map>
#include <set>
#include <unordered_map>

#include "common/wal/database_drops.h"
#include "restore/find/event.h"
#include "restore/find/names.h"

namespace pitr {

// Told every record in the order of the WAL, it gathers what each transaction does and hands it on when the
// transaction commits. Memory grows with the transactions that are open, and with the names.
class Transactions {
 public:
  Transactions(Names& names, std::uint64_t many_rows, std::function<void(Found)> each)
      : names_(names), many_rows_(many_rows), each_(std::move(each)) {}

  void see(const WalRecord& record);

 private:
  struct Changes {
    std::uint64_t erased = 0, updated = 0;
  };
  struct Relation {
    std::uint32_t database;
    RelationRow row;
  };
  struct Work {
    std::map<RelationLocator, Changes> changes;
    std::vector<Relation> dropped;    // rows that were deleted in pg_class
    std::vector<Relation> new_files;  // rows of pg_class that got another file, as they were
    bool is_prepared = false;
    void add(Work&& part);
  };

  void see_heap(const WalRecord& record);
  void see_catalog(Work& work, HeapChange change, const HeapRow& old, const WalRecord& record,
                   const WalContents& contents);
  void end(const TransactionEnd& end, const WalRecord& record);
  void add_relations(const Work& work, std::vector<Event>& events) const;
  void add_changes(const Work& work, std::vector<Event>& events) const;
  void add_unnamed(const TransactionEnd& end, const Work& work, std::vector<Event>& events) const;

  Names& names_;
  std::uint64_t many_rows_;
  std::function<void(Found)> each_;
  std::unordered_map<std::uint32_t, Work> open_;
  DatabaseDrops drops_;
  std::optional<Found::Commit> last_;
  std::map<Lsn, std::optional<Found::Commit>> before_drops_;  // what had committed where a drop may begin
};

}  // namespace pitr
