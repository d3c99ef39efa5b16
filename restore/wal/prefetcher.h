#pragma once

#include <filesystem>
#include <vector>

#include "common/postgres/control_file.h"
#include "common/store/place.h"

namespace pitr {

// What the worker works on.
struct PrefetchOrder {
  std::filesystem::path directory;  // --prefetch-dir
  std::filesystem::path data_directory;
  ClusterIdentity cluster;
  std::vector<Place> sources;
  int segments = 8;        // ahead of what the server got last, at most
  double idle_limit = 60;  // seconds without a call
};

// Keeps the next segments of the timeline in the spool until the server is gone, recovery has ended, nobody
// has asked for so long or the disk is nearly full; then removes the spool. Returns at once when another
// worker fills it.
//
// It decides nothing: what is nowhere, cannot be read or gives cause for a warning is left to the call that
// is asked for it.
void prefetch(const PrefetchOrder& order);

}  // namespace pitr
