#include "restore/recover/wal_map.h"

#include "common/wal/stored_name.h"

namespace pitr {
void WalMap::add(Store& store, const Place& source) {
  store.list("", [&](const Name& name) {
    const auto stored = stored_name(name);
    if (stored && (!source.has_codec || stored->codec == source.compression.codec)) add(stored->wal);
    return true;
  });
}

void WalMap::add(const WalName& name) {
  if (name.kind() == WalKind::history) histories_.insert(name.timeline());
  const auto start = name.kind() == WalKind::segment ? name.start(size_) : std::nullopt;
  if (start) segments_.insert(segment_key(name.timeline(), *start, size_));
}

}  // namespace pitr
