#pragma once

#include "common/wal/archive_listing.h"
#include "monitor/verify/finding.h"
#include "monitor/verify/stored_file.h"

namespace pitr {

// Decompresses and checks every file of the archive that is in the sample, and compares the forms of a
// segment that is stored in more than one. Gives back the segments that are damaged, or whose forms differ.
std::vector<ArchiveListing::Stored> check_archived_files(Store& store, const ArchiveListing& archive,
                                                         const Sample& sample, std::size_t workers,
                                                         Findings& findings);

}  // namespace pitr
