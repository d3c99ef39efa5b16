#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "archive/archive.h"

namespace pitr {

// The destinations of one call. Each is opened, and asked for its marker, once for all files.
class Destinations {
 public:
  Destinations(const ArchivedCluster& cluster, const ArchiveTargets& targets, Log& log);

  // Throws when it cannot be reached or is not this cluster's; the next call tries it again. From any thread.
  std::shared_ptr<Store> open(const Place& place);

 private:
  struct Opened {
    std::string place;
    std::mutex mutex;
    std::shared_ptr<Store> store;  // guarded by mutex
  };
  const ArchivedCluster& cluster_;
  const ArchiveTargets& targets_;
  Log& log_;
  std::vector<std::unique_ptr<Opened>> opened_;  // one for each destination, from the beginning
};

}  // namespace pitr
