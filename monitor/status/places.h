#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/postgres/server.h"
#include "common/set/backup_catalog.h"
#include "common/store/place.h"
#include "common/wal/archive_listing.h"

namespace pitr {

// Where the checks look.
struct MonitorPlaces {
  ServerAddress server;
  Remote remote;  // how other hosts are reached; the archives point to it
  std::vector<Place> archives;
  std::string backup_directory, state_directory, spool_directory, data_directory;
  std::vector<std::string> staging_directories;
  std::vector<std::string> logs;  // templates
  std::string from;               // of `errors`: "YYYY-MM-DD HH:MM:SS" or seconds, with a minus or without
};

// All archives together: what is in one of them is there.
struct Archived {
  std::vector<std::unique_ptr<Store>> stores;
  std::vector<ArchiveListing> listings;
  std::vector<SegmentRange> ranges;
  Histories histories;
};

// The places, opened when the first check needs them. What cannot be opened is tried once: its error is every
// check's.
class Places {
 public:
  explicit Places(const MonitorPlaces& given) : given_(given) {}

  const MonitorPlaces& given() const { return given_; }
  Server& server();
  bool in_recovery();
  const Catalog& catalog();  // of the backup directory
  Store& backups();
  const Archived& archives();  // of one cluster
  // Which cluster is watched: that of the archives, else of the server. Throws when neither is given.
  std::uint64_t cluster();

 private:
  template <typename T>
  struct Lazy {
    std::unique_ptr<T> value;
    std::optional<Error> error;
    T& get(const std::function<std::unique_ptr<T>()>& open);
  };

  const MonitorPlaces& given_;
  Lazy<Server> server_;
  Lazy<Store> backups_;
  Lazy<Catalog> catalog_;
  Lazy<Archived> archives_;
};

}  // namespace pitr
