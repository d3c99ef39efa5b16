#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/base/stream.h"

namespace pitr {

// The fixed columns at the front of rows of the catalogs that name things, as PostgreSQL 12 to 18 lay them
// out (src/include/catalog/pg_class.h and its neighbours). `magic` is that of the WAL of the same server.
// Null when `columns` is too short. Names are in the encoding of their database: any bytes.

inline constexpr std::uint32_t global_tablespace = 1664;
inline constexpr std::uint32_t pg_class_oid = 1259, pg_namespace_oid = 2615, pg_database_oid = 1262;

struct RelationRow {
  std::uint32_t oid;
  std::string name;
  std::uint32_t schema;
  std::uint32_t file;        // 0: it has none, or the map of the catalogs names it
  std::uint32_t tablespace;  // 0: that of the database
  double rows;               // as ANALYZE guessed; below 0: it never ran
  char persistence;          // 'p', 'u'nlogged, 't'emporary
  char kind;                 // 'r', 'p'artitioned, 'i'ndex, 't'oast, 'm'aterialized view, …
};
std::optional<RelationRow> relation_row(Bytes columns, std::uint16_t magic);

struct NamedRow {
  std::uint32_t oid;
  std::string name;
};
std::optional<NamedRow> schema_row(Bytes columns);

struct DatabaseRow {
  std::uint32_t oid;
  std::string name;
  bool is_invalid;  // a DROP DATABASE has begun
};
std::optional<DatabaseRow> database_row(Bytes columns, std::uint16_t magic);

}  // namespace pitr
