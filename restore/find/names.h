#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "common/postgres/catalog_row.h"
#include "common/postgres/heap_record.h"

namespace pitr {

// A relation as people know it.
struct RelationName {
  std::string database, schema, relation;  // as they are written; "" when not known
};
// "shop.public.orders", quoted as in SQL where it must be; fit for a terminal.
std::string text_of(const RelationName& name);

// The rows of pg_class, pg_namespace and pg_database of all databases, as a backup has them and the WAL
// behind it changes them. Memory grows with the number of relations.
class Names {
 public:
  // The content of a pg_filenode.map: in which files the catalogs of this database are (0: of all).
  void take_map(std::uint32_t database, Bytes map);
  std::uint32_t class_file(std::uint32_t database) const;
  std::uint32_t schema_file(std::uint32_t database) const;
  std::uint32_t database_file() const;

  // A row that stands in the file of a catalog; of other files it is none.
  void take_row(const HeapRow& row, std::uint16_t magic);
  void see(const WalRecord& record);

  // The row of pg_class that stands there; null: it is not known, or the place is in another file.
  bool is_class(const RelationLocator& file) const;
  std::optional<RelationRow> class_row(const HeapRow& place, std::uint16_t magic) const;
  Bytes class_columns(const HeapRow& place) const;  // the same, as it stands there; empty: not known
  // The relation whose file this is; null: not known.
  const RelationRow* of_file(const RelationLocator& file) const;
  RelationName name_of(std::uint32_t database, const RelationRow& row) const;
  std::string database_name(std::uint32_t database) const;

 private:
  using Place = std::uint64_t;  // block and offset
  struct Database {
    std::uint32_t class_file = pg_class_oid, schema_file = pg_namespace_oid;
    std::unordered_map<Place, std::string> rows;  // of pg_class
    std::unordered_map<std::uint32_t, RelationRow> by_file;
    std::unordered_map<std::uint32_t, std::string> schemas;
  };
  static Place place_of(const HeapRow& row) { return std::uint64_t{row.block} << 16 | row.offset; }
  const Database* find(std::uint32_t database) const;

  std::map<std::uint32_t, Database> databases_;
  std::map<std::uint32_t, std::string> database_names_;
  std::uint32_t database_file_ = pg_database_oid;
};

}  // namespace pitr
