#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/cli/log.h"
#include "common/set/backup_meta.h"
#include "common/store/place.h"
#include "common/wal/coverage.h"
#include "common/wal/path_records.h"
#include "restore/recover/recovery_target.h"

namespace pitr {

// Looking for a target in the WAL itself.
struct WalSearch {
  const std::vector<Place>& sources;
  const std::filesystem::path& rescued;  // an old pg_wal, for what no source has; "" for none
  const TimelinePath& path;
  const Meta& meta;  // of the backup
  Lsn begin, end;    // what is searched
  // Opens the tar with the WAL that is bundled with the backup, for what is nowhere else; empty: it is not
  // searched.
  std::function<std::unique_ptr<Source>()> bundle = {};
};

PathRecords records_of(const WalSearch& search);

// The last commit or abort between stop and end, from the newest segment backwards; null: there is none.
// Throws when it cannot be found out.
std::optional<Moment> last_commit(const WalSearch& search, Log& log);

// Where the end of the transaction, or the restore point, begins between stop and end; null: it is not there.
std::optional<Lsn> find_target(const WalSearch& search, const RecoveryTarget& target, Log& log);

// A tablespace that replay makes where the original had it, whatever was mapped.
struct ReplayedTablespace {
  Lsn lsn;  // of the record
  std::string oid;
  std::string location;
};
// What recovery to the target makes of tablespaces.
struct ReplayedTablespaces {
  std::vector<ReplayedTablespace> created;
  WalName last;  // the segment up to which the WAL was looked at
};
// Reads the WAL up to where recovery stops. Throws when a part of it cannot be read.
ReplayedTablespaces replayed_tablespaces(const WalSearch& search, const RecoveryTarget& target, Log& log);

}  // namespace pitr
