#include "restore/find/names.h"

#include <algorithm>

#include "common/base/printable.h"
#include "common/postgres/byte_reader.h"
#include "common/postgres/database_record.h"

namespace pitr {
namespace {

// As SQL wants it: without quotes only small letters, digits and underscores.
std::string identifier(const std::string& name) {
  const auto is_plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  if (!name.empty() && (name[0] < '0' || name[0] > '9') && std::ranges::all_of(name, is_plain)) return name;
  std::string quoted = "\"";
  for (const char c : name) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return printable(quoted + "\"");
}

std::string text_in(Bytes bytes) {
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

}  // namespace

std::string text_of(const RelationName& name) {
  std::string text;
  for (const std::string* part : {&name.database, &name.schema, &name.relation}) {
    if (part->empty()) continue;
    text += (text.empty() ? "" : ".") + identifier(*part);
  }
  return text;
}

const Names::Database* Names::find(std::uint32_t database) const {
  const auto found = databases_.find(database);
  return found == databases_.end() ? nullptr : &found->second;
}
std::uint32_t Names::class_file(std::uint32_t database) const {
  const Database* const known = find(database);
  return known == nullptr ? pg_class_oid : known->class_file;
}
std::uint32_t Names::schema_file(std::uint32_t database) const {
  const Database* const known = find(database);
  return known == nullptr ? pg_namespace_oid : known->schema_file;
}
std::uint32_t Names::database_file() const { return database_file_; }

// src/backend/utils/cache/relmapper.c, RelMapFile: i32 magic, i32 number of entries, entries of two u32.
void Names::take_map(std::uint32_t database, Bytes map) {
  constexpr std::uint32_t map_magic = 0x592717;
  ByteReader from(map);
  if (from.take<std::uint32_t>() != map_magic) return;
  for (auto n = from.take<std::uint32_t>(); n > 0 && !from.failed(); --n) {
    const auto oid = from.take<std::uint32_t>(), file = from.take<std::uint32_t>();
    if (from.failed()) return;
    if (database == 0 && oid == pg_database_oid) database_file_ = file;
    if (database != 0 && oid == pg_class_oid) databases_[database].class_file = file;
  }
}

bool Names::is_class(const RelationLocator& file) const {
  return file.database != 0 && file.relation == class_file(file.database);
}

void Names::take_row(const HeapRow& row, std::uint16_t magic) {
  const RelationLocator& file = row.relation;
  if (file.tablespace == global_tablespace) {
    const auto database = file.relation == database_file_ ? database_row(row.columns, magic) : std::nullopt;
    if (database) database_names_[database->oid] = database->name;
    return;
  }
  if (is_class(file)) {
    const auto relation = relation_row(row.columns, magic);
    if (!relation) return;
    Database& database = databases_[file.database];
    std::string& known = database.rows[place_of(row)];
    std::string columns = text_in(row.columns);
    // An image of a page has rows again that have been overtaken meanwhile.
    if (known == columns) return;
    known = std::move(columns);
    if (relation->oid == pg_namespace_oid && relation->file != 0) database.schema_file = relation->file;
    if (relation->file != 0) database.by_file.insert_or_assign(relation->file, *relation);
  } else if (file.relation == schema_file(file.database)) {
    if (const auto schema = schema_row(row.columns))
      databases_[file.database].schemas[schema->oid] = schema->name;
  }
}

void Names::see(const WalRecord& record) {
  if (record.manager == ResourceManager::relation_map) {
    const auto contents = contents_of(record);
    if (!contents) return;
    ByteReader from(contents->main);
    const auto database = from.take<std::uint32_t>();
    from.skip(8);
    return take_map(database, from.take_bytes(from.left()));
  }
  if (const auto created = created_database(record); created && created->from != 0) {
    if (const Database* const original = find(created->from)) {
      Database copy = *original;
      databases_.insert_or_assign(created->database, std::move(copy));
    }
    return;
  }
  const bool may_hold_rows = record.manager == ResourceManager::heap ||
                             record.manager == ResourceManager::heap2 ||
                             record.manager == ResourceManager::xlog;
  if (!may_hold_rows) return;
  const auto contents = contents_of(record);
  if (!contents) return;
  const auto is_catalog = [&](const WalBlock& block) {
    const RelationLocator& file = block.relation;
    return file.tablespace == global_tablespace
               ? file.relation == database_file_
               : is_class(file) || file.relation == schema_file(file.database);
  };
  if (std::ranges::none_of(contents->blocks, is_catalog)) return;
  const auto old = [&](const HeapRow& place) { return class_columns(place); };
  each_new_row(record, *contents, old, [&](const HeapRow& row) { take_row(row, record.magic); });
}

Bytes Names::class_columns(const HeapRow& place) const {
  const Database* const database = find(place.relation.database);
  if (database == nullptr || !is_class(place.relation)) return {};
  const auto found = database->rows.find(place_of(place));
  return found == database->rows.end() ? Bytes() : as_bytes(found->second);
}

std::optional<RelationRow> Names::class_row(const HeapRow& place, std::uint16_t magic) const {
  return relation_row(class_columns(place), magic);
}

const RelationRow* Names::of_file(const RelationLocator& file) const {
  const Database* const database = find(file.database);
  if (database == nullptr) return nullptr;
  const auto found = database->by_file.find(file.relation);
  return found == database->by_file.end() ? nullptr : &found->second;
}

std::string Names::database_name(std::uint32_t database) const {
  const auto found = database_names_.find(database);
  return found == database_names_.end() ? "database " + std::to_string(database) : found->second;
}

RelationName Names::name_of(std::uint32_t database, const RelationRow& row) const {
  RelationName name{database_name(database), "schema " + std::to_string(row.schema), row.name};
  if (const Database* const known = find(database)) {
    const auto schema = known->schemas.find(row.schema);
    if (schema != known->schemas.end()) name.schema = schema->second;
  }
  return name;
}

}  // namespace pitr
