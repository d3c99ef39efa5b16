#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "common/cli/log.h"
#include "common/postgres/wal.h"
#include "common/store/place.h"

namespace pitr {

// What PostgreSQL asked for, and where it may be.
struct RestoreRequest {
  WalName name;
  std::filesystem::path target;  // %p
  std::vector<Place> sources;    // tried in order; a codec prefix narrows a source to that suffix
  std::optional<std::uint64_t> system_identifier;  // null: not known (pg_rewind, a person)
  std::filesystem::path data_directory;
  bool allow_partial = false;         // --partial=allow
  std::optional<WalName> until = {};  // --until: the last segment that there is for this recovery
};

// Does it lie behind `until`? Then it is not there, whatever the sources hold.
bool is_behind_end(const RestoreRequest& request);

// True: the file is at `target`, complete and verified. False: every source was reached and none has it. The
// first source with a good file wins; a bad copy or an unreachable place before it is logged. Throws when no
// source gave the file and one could not be looked into, or holds only a damaged one. `target` never holds
// anything unverified.
bool restore_file(const RestoreRequest& request, Log& log);

}  // namespace pitr
