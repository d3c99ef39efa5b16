#pragma once

#include <vector>

#include "common/cli/log.h"
#include "common/set/backup_set.h"

namespace pitr {

// Makes sure that a set can get its names in a place. Throws when a file of `whole` is there, which makes it
// a set, or when one of `parts` is just being published. Parts without those were left by a killed run: they
// are removed, and so is the list of an interrupted removal, which the next pitr-expire would go on with.
void require_free_names(Store& store, const std::vector<Name>& whole,
                        const std::vector<SetNames::Part>& parts, Log& log);

}  // namespace pitr
