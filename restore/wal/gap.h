#pragma once

#include "restore/wal/restore.h"

namespace pitr {

// The first segment behind `request.name` on its timeline that any source holds; null: it was the last one.
// Reads whole listings, name by name: asked once per missing segment.
std::optional<WalName> first_segment_after(const RestoreRequest& request);

// Does pg_wal hold a file with a header that fits this name? PostgreSQL falls back to it.
bool is_in_pg_wal(const RestoreRequest& request);

// Throws when a segment that is in no source is a hole and not the end of the WAL: a later segment of its
// timeline is archived and pg_wal has no copy.
void refuse_gap(const RestoreRequest& request);

}  // namespace pitr
