#pragma once

#include <memory>

#include "archive/job.h"

namespace pitr {

// The copy of the file for a backup that runs; null when none does. Whatever goes wrong here is told to the
// backup and never fails the archiving.
std::unique_ptr<Sink> copy_for_backup(const Job& job);

}  // namespace pitr
