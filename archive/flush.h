#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "archive/archive.h"

namespace pitr {

// Delivers what waits in the spool, the oldest first, to every destination at the same time; no file is begun
// after `end`. What a destination has not got waits on. True: nothing waits any more.
using FlushEnd = std::chrono::steady_clock::time_point;
bool flush(const Archiving& archiving, FlushEnd end = FlushEnd::max());

// The same again and again, for a minute at most, until nothing waits; true as well when another process does
// so already.
bool flush_patiently(const Archiving& archiving);

// Starts the program that does so, given by its command line, unless it runs already or nothing waits.
void flush_in_background(const ArchiveTargets& targets, const std::vector<std::string>& words);

}  // namespace pitr
