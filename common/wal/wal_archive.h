#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "common/codec/codec.h"
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

}  // namespace pitr
