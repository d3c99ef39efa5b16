#include "common/wal/stored_name.h"

namespace pitr {

std::optional<StoredName> stored_name(std::string_view name) {
  const auto [text, codec] = split_suffix(name);
  if (const auto wal = WalName::parse(text)) return StoredName{*wal, codec};
  return std::nullopt;
}

std::optional<WalName> stored_segment(const Name& name) {
  const auto stored = stored_name(name);
  if (!stored || stored->wal.kind() != WalKind::segment) return std::nullopt;
  return stored->wal;
}

}  // namespace pitr
