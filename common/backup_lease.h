#pragma once

#include <ctime>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "common/store.h"

namespace pitr {

// "NAME.lease" beside a backup set (NAME is BackupSet::name): somebody recovers from it and goes on fetching WAL
// after pitr-recover has ended. Until it expires neither the set nor the WAL behind it may be removed.
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

// Replaces the one that is there; an earlier end than that one's becomes that one's.
void write_lease(const std::filesystem::path& backup_directory, const std::string& set, Lease lease, mode_t mode);

// Null: there is none. Throws Exit::damaged when it does not parse: then nobody knows when it ends.
std::optional<Lease> read_lease(Store& store, const std::string& set);

void remove_lease(const std::filesystem::path& backup_directory, const std::string& set);  // missing is fine

}  // namespace pitr
