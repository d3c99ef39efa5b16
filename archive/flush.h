#pragma once

#include <filesystem>

#include "archive/archive.h"

namespace pitr {

// Delivers what waits in the spool, the oldest first, to every destination at the same time. One that fails
// keeps what it has not got. True: nothing waits any more.
bool flush(const Archiving& archiving);

// The same in a process of its own that nobody waits for, unless there is one already.
void flush_in_background(const Archiving& archiving);

}  // namespace pitr
