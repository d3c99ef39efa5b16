#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <vector>

#include "basebackup/copying/cluster.h"
#include "common/cli/log.h"
#include "common/os/spool_file.h"
#include "common/store/place.h"
#include "common/wal/staging.h"
#include "common/wal/wal_archive.h"

namespace pitr {

// Where the WAL of a backup is looked for.
struct WalSources {
  std::vector<Place> places;      // staging and archive directories, in this order
  const Staging* temporary;       // the staging directory that we made; null: there is none
  std::chrono::seconds patience;  // how long after the stop WAL may still arrive
};

// Our own staging directory, when `path` names one that does not exist; null when it does, or none is named
// ("").
std::unique_ptr<Staging> make_staging(const std::string& path, Openness openness);
// Staging ("": none) and the others. Throws now, not after hours of copying, when one of them cannot be
// reached.
std::vector<Place> open_wal_places(const std::string& staging, const std::vector<Place>& sources,
                                   Openness openness);

// Finds the WAL of a backup: in the places, waiting for what is still on its way; what does not come, in the
// end in the server's own pg_wal. Every file is whole, checked, and copied to a spool file before it is used.
class WalCollector {
 public:
  // `server`: tells whether something can still come; null when there is none to ask. It may be lost
  // meanwhile. A cluster without a data directory has no pg_wal to look into.
  WalCollector(const WalSources& sources, const Cluster& cluster, Server* server, Log& log);

  enum class From { archive, pg_wal };
  enum class Segment {
    whole,
    growing,  // the server is still writing it: taken from pg_wal without waiting, which is no fault of the
              // archive
  };
  // A segment that must be there. Throws when it is nowhere.
  From collect(const WalName& name, Segment kind, SpoolFile& to);
  // A file that may be there: no waiting.
  bool collect_if_there(const WalName& name, SpoolFile& to);

 private:
  bool take_from_places(const WalName& name, SpoolFile& to);
  bool take_from_pg_wal(const WalName& name, SpoolFile& to);
  bool can_still_come(const WalName& name);
  std::optional<Server::Row> ask(const std::string& sql);
  void tell_of_waiting(const WalName& name);
  WalExpectation expectation(const WalName& name) const;

  const WalSources& sources_;
  const Cluster& cluster_;
  Server* server_;
  Log& log_;
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
  Clock::time_point told_ = start_, asked_{};  // of the waiting; of the archiver's failures
  bool told_of_failures_ = false;
  std::string last_error_;  // why a file that is there could not be taken
};

}  // namespace pitr
