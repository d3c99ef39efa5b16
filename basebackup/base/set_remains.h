#pragma once

#include <vector>

#include "common/cli/log.h"
#include "common/store/store.h"

namespace pitr {

// Makes sure that a set can get its names in a place. Throws when a file of `whole` is there, which makes it
// a set, or when one of `parts` is just being published. Parts without those were left by a killed run: they
// are removed.
void require_free_names(Store& store, const std::vector<Name>& whole, const std::vector<Name>& parts,
                        Log& log);

}  // namespace pitr
