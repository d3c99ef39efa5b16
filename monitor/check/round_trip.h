#pragma once

#include <filesystem>
#include <vector>

#include "common/postgres/control_file.h"
#include "common/postgres/server.h"
#include "common/store/place.h"
#include "monitor/check/report.h"

namespace pitr {

// One segment goes the whole way: out of the server, to every destination, and back through pitr-restore.
struct RoundTrip {
  std::vector<Place> destinations;  // those that were reached
  std::filesystem::path data_directory;
  ClusterIdentity identity;
  std::filesystem::path temporary_directory;
  int timeout = 60;  // seconds
};
void check_round_trip(Server& server, const RoundTrip& trip, SetupReport& report);

}  // namespace pitr
