#include "common/postgres/catalog_row.h"

#include <cstring>

#include "common/postgres/wal_record.h"

namespace pitr {
namespace {

constexpr std::size_t name_at = 4, name_size = 64;

template <typename T>
T value_at(Bytes columns, std::size_t at) {
  T value;
  std::memcpy(&value, columns.data() + at, sizeof value);
  return value;
}

std::string name_in(Bytes columns) {
  const char* const text = reinterpret_cast<const char*>(columns.data() + name_at);
  return std::string(text, ::strnlen(text, name_size));
}

}  // namespace

std::optional<RelationRow> relation_row(Bytes columns, std::uint16_t magic) {
  const std::size_t persistence_at = magic < magic_of_18 ? 114 : 118;  // 18 counts frozen pages, too
  if (columns.size() < persistence_at + 2) return std::nullopt;
  return RelationRow{.oid = value_at<std::uint32_t>(columns, 0),
                     .name = name_in(columns),
                     .schema = value_at<std::uint32_t>(columns, 68),
                     .file = value_at<std::uint32_t>(columns, 88),
                     .tablespace = value_at<std::uint32_t>(columns, 92),
                     .rows = value_at<float>(columns, 100),
                     .persistence = value_at<char>(columns, persistence_at),
                     .kind = value_at<char>(columns, persistence_at + 1)};
}

std::optional<NamedRow> schema_row(Bytes columns) {
  if (columns.size() < name_at + name_size) return std::nullopt;
  return NamedRow{value_at<std::uint32_t>(columns, 0), name_in(columns)};
}

std::optional<DatabaseRow> database_row(Bytes columns, std::uint16_t magic) {
  // Until 14 two names stand before it.
  const std::size_t limit_at = magic < magic_of_15 ? 208 : 80;
  if (columns.size() < limit_at + 4) return std::nullopt;
  constexpr std::int32_t invalid = -2;  // DATCONNLIMIT_INVALID_DB
  return DatabaseRow{value_at<std::uint32_t>(columns, 0), name_in(columns),
                     value_at<std::int32_t>(columns, limit_at) == invalid};
}

}  // namespace pitr
