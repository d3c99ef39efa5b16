#pragma once

#include <string>

#include "common/set/backup_catalog.h"

namespace pitr {

// The backups of a directory, the oldest first.
std::string list_as_text(const Catalog& catalog);
// An array of objects with the keys of meta, and name and state.
std::string list_as_json(const Catalog& catalog);

std::string amount(std::uint64_t bytes);  // "1.2 GB"

}  // namespace pitr
