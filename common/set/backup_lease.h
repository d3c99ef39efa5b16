#pragma once

#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/store/store.h"

namespace pitr {

// "NAME.db2-1c3f09a2.lease" beside a backup set (NAME is BackupSet::name): somebody recovers from it and goes
// on fetching WAL after pitr-recover has ended. Until the last one expires neither the set nor the WAL behind
// it may be removed. Each holder has a file of its own, named by host and the CRC of the directory, so that
// nobody ends the lease of another.
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

// An earlier one of the same holder goes first.
void write_lease(Store& store, const std::string& set, const Lease& lease);
// Missing is fine; `holder` says whose.
void remove_lease(Store& store, const std::string& set, const Lease& holder);

// The lease files of a set, of all holders. An empty name: those of all sets.
std::vector<Name> lease_files(Store& store, std::string_view set);
// Throws Exit::damaged when it does not parse: then nobody knows when it ends. Null: it is not there any
// more.
std::optional<Lease> read_lease(Store& store, const Name& file);
// The one of a set that ends last; null: there is none. Throws as read_lease() does.
std::optional<Lease> last_lease(Store& store, std::string_view set);

}  // namespace pitr
