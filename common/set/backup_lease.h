#pragma once

#include <ctime>
#include <optional>
#include <string>
#include <string_view>

#include "common/store/store.h"

namespace pitr {

// "NAME.lease" beside a backup set (NAME is BackupSet::name): somebody recovers from it and goes on fetching
// WAL after pitr-recover has ended. Until it expires neither the set nor the WAL behind it may be removed.
//
//   Expires: 2026-11-24T20:00:00Z
//   Hostname: db2
//   Data-Directory: /data/new
struct Lease {
  std::time_t expires;
  std::string hostname;
  std::string data_directory;
};

inline constexpr std::string_view lease_suffix = ".lease";

// Takes the place of the one that is there; an earlier end than that one's becomes that one's. A Store
// replaces nothing, so for a moment there is none: hold the set meanwhile, where it can be held.
void write_lease(Store& store, const std::string& set, Lease lease);

// Null: there is none. Throws Exit::damaged when it does not parse: then nobody knows when it ends.
std::optional<Lease> read_lease(Store& store, const std::string& set);

void remove_lease(Store& store, const std::string& set);  // missing is fine

}  // namespace pitr
