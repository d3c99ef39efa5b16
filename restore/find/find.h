#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/cli/log.h"
#include "common/set/backup_catalog.h"
#include "common/store/place.h"
#include "restore/find/event.h"

namespace pitr {

struct FindOptions {
  std::vector<Place> archives;
  Place backups;  // place "": none
  std::optional<Moment> since, until;
  std::uint64_t many_rows = 1000;
};

struct SearchResult {
  std::vector<Found> found;       // in the order of their commits
  std::string names_from;         // the backup whose catalogs gave the names; "" for none
  std::string no_names;           // why they are not known
  Lsn begin, end;                 // what was read
  std::string damage;             // where the WAL could not be read any more; "" when it was read to its end
  std::optional<Lsn> first_stop;  // from where on a backup is consistent
};

// Reads the WAL of the newest timeline from the newest backup before `since` on, or else from the oldest
// segment behind which none is missing. Throws when there is nothing that can be read.
SearchResult find(const FindOptions& options, Log& log);

}  // namespace pitr
