#pragma once

#include <filesystem>
#include <memory>

#include "common/store/place.h"

namespace pitr {

// Stores the timeline histories that lie in `wal_directory` in the place, unless it has them. The server has
// archived them long ago, wherever it archived then; the WAL of its timeline is of no use without them.
void store_histories(const std::shared_ptr<Store>& store, const Place& place,
                     const std::filesystem::path& wal_directory);

}  // namespace pitr
