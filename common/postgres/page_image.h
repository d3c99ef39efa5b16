#pragma once

#include <optional>
#include <vector>

#include "common/postgres/wal_record.h"

namespace pitr {

// The page whose image a record holds, as it was behind the record's change. Null when it does not
// decompress or is no page; throws nothing, for what stands there is from outside. `block` has an image.
std::optional<std::vector<std::byte>> page_of_image(const WalBlock& block);

}  // namespace pitr
