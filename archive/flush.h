#pragma once

#include <string>
#include <vector>

#include "archive/archive.h"

namespace pitr {

// Delivers what waits in the spool, the oldest first, to every destination at the same time. One that fails
// keeps what it has not got. True: nothing waits any more.
bool flush(const Archiving& archiving);

// The same again and again, for a minute at most, until nothing waits; true as well when another process does
// so already.
bool flush_patiently(const Archiving& archiving);

// Starts the program that does so, given by its command line, unless it runs already or nothing waits.
void flush_in_background(const ArchiveTargets& targets, const std::vector<std::string>& words);

}  // namespace pitr
