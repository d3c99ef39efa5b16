#pragma once

#include <string>

#include "common/set/backup_catalog.h"

namespace pitr {

// Why a set that its meta file calls complete, or that only waits for WAL, cannot be restored: a file is
// missing, or those that are there are not as long as they were written. "" when the directory tells of no
// such thing; what is in the files is pitr-verify's question. Where a length is known only by reading, as by
// rsync, it is not asked.
std::string damage_of(Store& store, const BackupSet& set);

}  // namespace pitr
