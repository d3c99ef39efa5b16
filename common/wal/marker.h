#pragma once

#include <optional>
#include <string_view>

#include "common/postgres/control_file.h"
#include "common/postgres/wal_page.h"
#include "common/store/store.h"

namespace pitr {

// The marker file "pitr-archive.id": which cluster's WAL lies here. An unmounted directory has none, and so
// is an error and not an empty archive.
inline constexpr std::string_view marker_name = "pitr-archive.id";
Name marker();
// Null: there is none; throws when it does not parse.
std::optional<ClusterIdentity> read_marker(Store& store);
void write_marker(Store& store, const ClusterIdentity& identity);

// Holds the place no file at all? lost+found, .snapshot and temporary files do not count.
bool is_empty_place(Store& store);

// The header of the first whole segment that a listing meets; null: there is none that can be read.
std::optional<WalPageHeader> any_segment_header(Store& store);

// Throws when the first segment found in `store` is another cluster's.
void require_same_cluster(Store& store, const ClusterIdentity& identity);

// Whose archive it is: by its marker or, in a place without one (OmniPITR's, a read-only copy), by the first
// segment found in it. Throws when neither tells: only what is certainly an archive can lack a file.
ClusterIdentity required_identity(Store& store);

// Throws unless it is the archive of this cluster; null: of any.
void require_archive_of(Store& store, std::optional<std::uint64_t> system_identifier);

}  // namespace pitr
