#include "restore/find/transactions.h"

#include <algorithm>

#include "common/postgres/database_record.h"

namespace pitr {
namespace {

constexpr std::uint32_t first_user_oid = 16384;

// The name of the table that VACUUM FULL and its like fill and drop: "pg_temp_16385".
std::optional<std::uint32_t> rewritten(const RelationRow& row) {
  constexpr std::string_view prefix = "pg_temp_";
  if (!row.name.starts_with(prefix)) return std::nullopt;
  const auto digits = std::string_view(row.name).substr(prefix.size());
  if (digits.empty() || digits.size() > 10 || digits.find_first_not_of("0123456789") != digits.npos)
    return std::nullopt;
  return static_cast<std::uint32_t>(std::stoull(std::string(digits)));
}

std::string_view object(char kind) {
  switch (kind) {
    case 'r':
    case 'p':
      return "TABLE";
    case 'v':
      return "VIEW";
    case 'm':
      return "MATERIALIZED VIEW";
    case 'f':
      return "FOREIGN TABLE";
    case 'i':
    case 'I':
      return "INDEX";
    case 'S':
      return "SEQUENCE";
    case 'c':
      return "TYPE";
    default:
      return "RELATION";
  }
}

bool holds_rows(char kind) { return kind == 'r' || kind == 'm'; }
bool is_of_people(char kind) { return holds_rows(kind) || kind == 'p' || kind == 'v' || kind == 'f'; }

// What is read out of WAL may be any number, infinity among them.
std::optional<std::uint64_t> guessed_rows(const RelationRow& row) {
  constexpr double most = 1e18;
  return row.rows > 0 && row.rows < most ? std::optional(static_cast<std::uint64_t>(row.rows)) : std::nullopt;
}

}  // namespace

std::string_view word(Deed deed) {
  switch (deed) {
    case Deed::drop:
      return "drop";
    case Deed::truncate:
      return "truncate";
    case Deed::erase:
      return "delete";
    case Deed::update:
      return "update";
    case Deed::database:
      return "database";
    case Deed::drop_other:
    case Deed::rewrite:
      return "all";
  }
  __builtin_unreachable();
}

void Transactions::Work::add(Work&& part) {
  for (const auto& [file, more] : part.changes) {
    changes[file].erased += more.erased;
    changes[file].updated += more.updated;
  }
  std::ranges::move(part.dropped, std::back_inserter(dropped));
  std::ranges::move(part.new_files, std::back_inserter(new_files));
}

void Transactions::see(const WalRecord& record) {
  if (record.manager == ResourceManager::transaction) {
    constexpr std::uint8_t prepare = 0x10;
    if ((record.info & 0x70) == prepare) open_[record.transaction].is_prepared = true;
    if (const auto ended = transaction_end(record)) end(*ended, record);
  } else if (record.manager == ResourceManager::heap) {
    see_heap(record);
  }
  names_.see(record);
  drops_.see(record);
  if (ends_all_transactions(record))
    std::erase_if(open_, [](const auto& entry) { return !entry.second.is_prepared; });
}

void Transactions::see_heap(const WalRecord& record) {
  const auto change = heap_change(record);
  if (!change || *change == HeapChange::insert) return;
  const auto contents = contents_of(record);
  const auto old = contents ? old_row(*change, *contents) : std::nullopt;
  if (!old) return;
  if (old->relation.tablespace == global_tablespace) {
    if (*change == HeapChange::inplace) before_drops_[record.start] = last_;
    return;
  }
  if (*change == HeapChange::inplace) return;
  Work& work = open_[record.transaction];
  if (names_.is_class(old->relation)) {
    see_catalog(work, *change, *old, record, *contents);
  } else {
    Changes& changes = work.changes[old->relation];
    ++(*change == HeapChange::erase ? changes.erased : changes.updated);
  }
}

void Transactions::see_catalog(Work& work, HeapChange change, const HeapRow& old, const WalRecord& record,
                               const WalContents& contents) {
  const auto row = names_.class_row(old, record.magic);
  if (!row || row->persistence == 't') return;
  const Relation relation{old.relation.database, *row};
  if (change == HeapChange::erase) {
    work.dropped.push_back(relation);
    return;
  }
  const auto place = updated_row(contents);
  const auto known = [&](const HeapRow& wanted) { return names_.class_columns(wanted); };
  each_new_row(record, contents, known, [&](const HeapRow& now) {
    const bool is_new =
        place && now.relation == place->relation && now.block == place->block && now.offset == place->offset;
    const auto updated = is_new ? relation_row(now.columns, record.magic) : std::nullopt;
    if (updated && updated->oid == row->oid && updated->file != row->file && row->file != 0)
      work.new_files.push_back(relation);
  });
}

void Transactions::end(const TransactionEnd& ended, const WalRecord& record) {
  Work work;
  const auto take = [&](std::uint32_t transaction) {
    if (auto part = open_.extract(transaction)) work.add(std::move(part.mapped()));
  };
  take(ended.transaction);
  for (const auto part : ended.subtransactions) take(part);
  if (!ended.committed) return;
  Found found{ended.transaction, ended.time, record.start, {}, last_};
  if (const auto drop = drops_.of(ended.transaction)) {
    found.stop = drop->begin;
    if (const auto before = before_drops_.find(drop->begin); before != before_drops_.end())
      found.before = before->second;
    const std::string name = drop->name.empty() ? names_.database_name(drop->database) : drop->name;
    found.events.push_back({Deed::database, "DATABASE", text_of({name, "", ""})});
  }
  add_relations(work, found.events);
  add_unnamed(ended, work, found.events);
  add_changes(work, found.events);
  last_ = Found::Commit{ended.transaction, ended.time};
  if (!found.events.empty()) each_(std::move(found));
}

void Transactions::add_relations(const Work& work, std::vector<Event>& events) const {
  std::set<std::uint32_t> new_tables;  // oids of tables whose rows moved into another file
  for (const Relation& relation : work.dropped) {
    if (const auto oid = rewritten(relation.row)) new_tables.insert(*oid);
  }
  for (const Relation& relation : work.dropped) {
    if (relation.row.oid < first_user_oid || relation.row.kind == 't' || rewritten(relation.row)) continue;
    const bool is_one = is_of_people(relation.row.kind);
    events.push_back({is_one ? Deed::drop : Deed::drop_other, std::string(object(relation.row.kind)),
                      text_of(names_.name_of(relation.database, relation.row)), true, 0,
                      holds_rows(relation.row.kind) ? guessed_rows(relation.row) : std::nullopt});
  }
  for (const Relation& relation : work.new_files) {
    if (!holds_rows(relation.row.kind) || relation.row.oid < first_user_oid) continue;
    if (rewritten(relation.row)) continue;
    const Deed deed = new_tables.contains(relation.row.oid) ? Deed::rewrite : Deed::truncate;
    events.push_back({deed, "TABLE", text_of(names_.name_of(relation.database, relation.row)), true, 0,
                      guessed_rows(relation.row)});
  }
}

// Files that went, of relations of which no row of pg_class is known.
void Transactions::add_unnamed(const TransactionEnd& ended, const Work& work,
                               std::vector<Event>& events) const {
  for (const RelationLocator& file : ended.dropped_files) {
    const bool is_known = names_.of_file(file) != nullptr || !work.dropped.empty() || !work.new_files.empty();
    if (is_known || file.relation < first_user_oid) continue;
    events.push_back(
        {Deed::drop, "TABLE OR INDEX",
         fmt::format("file {}/{}/{} (no name is known)", file.tablespace, file.database, file.relation),
         false});
  }
}

void Transactions::add_changes(const Work& work, std::vector<Event>& events) const {
  for (const auto& [file, changes] : work.changes) {
    if (changes.erased < many_rows_ && changes.updated < many_rows_) continue;
    const RelationRow* const row = names_.of_file(file);
    const std::uint32_t oid = row == nullptr ? file.relation : row->oid;
    if (oid < first_user_oid || (row != nullptr && !holds_rows(row->kind))) continue;
    Event event{Deed::erase, "", "", row != nullptr};
    if (row != nullptr) {
      event.name = text_of(names_.name_of(file.database, *row));
      event.of_about = guessed_rows(*row);
    } else {
      event.name =
          fmt::format("file {}/{}/{} (no name is known)", file.tablespace, file.database, file.relation);
    }
    for (const auto& [deed, rows] :
         {std::pair(Deed::erase, changes.erased), std::pair(Deed::update, changes.updated)}) {
      if (rows < many_rows_) continue;
      event.deed = deed;
      event.rows = rows;
      events.push_back(event);
    }
  }
}

}  // namespace pitr
