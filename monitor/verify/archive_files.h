#pragma once

#include "common/wal/archive_listing.h"
#include "monitor/verify/finding.h"
#include "monitor/verify/stored_file.h"

namespace pitr {

// Decompresses and checks every file of the archive that is in the sample. Gives back the damaged segments.
std::vector<ArchiveListing::Stored> check_archived_files(Store& store, const ArchiveListing& archive,
                                                         const Sample& sample, std::size_t workers,
                                                         Findings& findings);

}  // namespace pitr
