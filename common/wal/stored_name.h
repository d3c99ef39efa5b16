#pragma once

#include <optional>

#include "common/codec/codec.h"
#include "common/postgres/wal.h"
#include "common/store/store.h"

namespace pitr {

// What a file of an archive is called: "<WAL name><suffix>".
struct StoredName {
  WalName wal;
  Codec codec;
  Name name() const { return Name(wal, suffix(codec)); }
  auto operator<=>(const StoredName&) const = default;
};

// Null for anything else: the marker, foreign files.
std::optional<StoredName> stored_name(std::string_view name);
inline std::optional<StoredName> stored_name(const Name& name) { return stored_name(name.text()); }

// Null as well for what is no whole segment: .history, .partial, .backup.
std::optional<WalName> stored_segment(const Name& name);

}  // namespace pitr
