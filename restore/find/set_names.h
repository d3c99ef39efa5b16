#pragma once

#include "common/set/backup_catalog.h"
#include "restore/find/names.h"

namespace pitr {

// Reads the catalogs that name things out of a backup set, by its index: a few blocks of its data file. The
// backup need not be consistent: what is torn the WAL from its start on makes whole. `magic`: of that WAL.
// Throws when the set has no index (OmniPITR's) or cannot be read.
void read_names(Store& store, const BackupSet& set, std::uint16_t magic, Names& names);

}  // namespace pitr
