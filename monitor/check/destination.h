#pragma once

#include <filesystem>
#include <optional>

#include "common/postgres/control_file.h"
#include "common/store/place.h"
#include "monitor/check/report.h"

namespace pitr {

// What a destination is held against.
struct ArchivedServer {
  std::filesystem::path data_directory;
  std::optional<ClusterIdentity> identity = {};
  std::uint64_t max_wal_size = 0;  // in bytes; 0: not known
  bool needs_marker = true;        // pitr-archive refuses a place without one …
  bool marks_places = false;       // … but has a --state-dir
};

// Is the place there, this cluster's, writable, does it have space? False: nothing can arrive there.
bool check_destination(const Place& place, const ArchivedServer& server, SetupReport& report);

// Can pitr-archive keep there what a destination has not got yet? It makes the directory when it needs it.
// "": there is none.
void check_spool(const std::filesystem::path& data_directory, const std::string& spool, SetupReport& report);

// A disk that dies must not take the cluster and its archive: at least one place must be elsewhere.
void check_places_apart(const std::vector<Place>& destinations, const std::filesystem::path& data_directory,
                        SetupReport& report);

}  // namespace pitr
