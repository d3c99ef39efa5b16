#pragma once

#include "restore/wal/restore.h"

namespace pitr {

// The first segment that any source holds and that recovery would want after `request.name`: a later one of
// its timeline, or any on the way from there to a timeline that PostgreSQL follows. Null: it was the last
// one. Reads whole listings, name by name: asked once per missing segment.
std::optional<WalName> first_segment_after(const RestoreRequest& request);

// Does pg_wal hold a file with a header that fits this name? PostgreSQL falls back to it.
bool is_in_pg_wal(const RestoreRequest& request);

// Throws when a segment that is in no source is a hole and not the end of the WAL: there is a
// first_segment_after() it, and pg_wal has no copy.
void refuse_gap(const RestoreRequest& request);

}  // namespace pitr
