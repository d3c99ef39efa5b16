#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "common/codec/codec.h"
#include "common/postgres/control_file.h"
#include "common/postgres/wal_check.h"
#include "common/store/store.h"

namespace pitr {

// A place that holds WAL files under "<WAL name><suffix>". The identity of a file is its WAL name, whatever
// the suffix: a segment is stored once, in one codec.

// One stored form of a WAL file.
struct StoredWal {
  Codec codec;
  Name name;
  std::unique_ptr<Source> source;  // the bytes as stored
};

// Every form of `wal` in `store`; empty: the place was reached and has none. `only` narrows it to one codec.
std::vector<StoredWal> find_wal(Store& store, const WalName& wal, std::optional<Codec> only = {});

// Moves a stored form through decompression and `check_wal` into `to`, and finishes it.
void read_wal(Store& store, StoredWal stored, const WalExpectation& expected, std::unique_ptr<Sink> to);

// Has the stored form, after decompression, exactly the bytes of `original`? Throws when it does not
// decompress.
bool same_content(Store& store, StoredWal stored, Source& original);

// The marker file "pitr-archive.id": which cluster's WAL lies here. An unmounted directory has none, and so
// is an error and not an empty archive.
inline constexpr std::string_view marker_name = "pitr-archive.id";
std::optional<ClusterIdentity> read_marker(
    Store& store);  // null: there is none; throws when it does not parse
void write_marker(Store& store, const ClusterIdentity& identity);

// Holds the place no file at all? lost+found, .snapshot and temporary files do not count.
bool is_empty_place(Store& store);

// The header of the first whole segment that a listing meets; null: there is none that can be read.
std::optional<WalPageHeader> any_segment_header(Store& store);

// Throws when the first segment found in `store` is another cluster's.
void require_same_cluster(Store& store, const ClusterIdentity& identity);

// Throws unless it is certain that `store` is the archive of the cluster: by its marker or, in a place
// without one (OmniPITR's, a read-only copy), by the first segment found in it. Only then "not there" means
// anything.
void require_archive_of(Store& store, std::optional<std::uint64_t> system_identifier);

}  // namespace pitr
