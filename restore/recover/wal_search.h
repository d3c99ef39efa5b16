#pragma once

#include <filesystem>
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
};

PathRecords records_of(const WalSearch& search);

// The last commit or abort between stop and end, from the newest segment backwards; null: there is none.
// Throws when it cannot be found out.
std::optional<Moment> last_commit(const WalSearch& search, Log& log);

// Where the end of the transaction, or the restore point, begins between stop and end; null: it is not there.
std::optional<Lsn> find_target(const WalSearch& search, const RecoveryTarget& target, Log& log);

// The directories of the tablespaces that are created in it: replay writes into them.
std::vector<std::string> created_tablespaces(const WalSearch& search, Log& log);

}  // namespace pitr
