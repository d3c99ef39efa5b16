#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "common/cli/log.h"
#include "common/postgres/wal.h"
#include "common/store/store.h"

namespace pitr {

// The oldest segment that a restart of this recovery reads. Null: nobody can know yet. `named`: what
// PostgreSQL put in place of %r, which has timeline 0 until redo begins; "": it was not given, and pg_control
// tells. Throws usage when it is no segment.
std::optional<WalName> oldest_needed(const std::string& named, const std::filesystem::path& data_directory);

// Removing WAL that recovery does not need any more.
struct Removal {
  int at_a_time = 3;                          // remove no more than that in one call
  std::filesystem::path pause_trigger = {};   // removes nothing while this file exists; "" for none
  std::string before_each = {};               // a command of the DBA; "" for none
  std::filesystem::path temporary_directory;  // where it finds the segment, uncompressed, as pg_wal/NAME
};

// Removes segments and .partial files strictly older than `oldest_kept`, whatever their timeline (the last 16
// digits are compared), in any codec, the oldest first; never history files, never what it does not know.
// When the command fails for one, that one and all later ones stay for the next call.
void remove_unneeded(Store& store, const WalName& oldest_kept, const Removal& removal, Log& log);

}  // namespace pitr
