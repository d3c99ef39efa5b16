#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/postgres/server.h"
#include "common/postgres/wal.h"
#include "common/store/place.h"
#include "monitor/check/report.h"

namespace pitr {

// pg_stat_archiver: what the server says of its archive_command. One that is killed or answers more than 125
// is not counted there.
struct Archiver {
  std::int64_t failed_count = 0;
  std::string last_failed_wal, last_archived_wal;  // "" when there was none
};
Archiver ask_archiver(Server& server);

// A segment at a destination.
struct Arrival {
  Place place;
  std::optional<double> seconds;      // after which it was there; null: it is not
  std::string failure = {};           // why the last look failed; "" when it is just not there
  std::unique_ptr<Store> store = {};  // null: it could not be opened yet
};
// Polls until `wal` is at every destination, the time is over, or the archive_command has failed three times
// since `before`: then PostgreSQL pauses for a minute.
std::vector<Arrival> wait_for_arrival(Server& server, const Archiver& before, const WalName& wal,
                                      const std::vector<Place>& destinations, std::chrono::seconds patience);

// A failed line for each destination where it is not, with what the server says about it.
void report_missing(Server& server, const Archiver& before, const WalName& wal,
                    const std::vector<Arrival>& arrivals, const std::filesystem::path& data_directory,
                    SetupReport& report);

}  // namespace pitr
