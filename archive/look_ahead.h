#pragma once

#include <chrono>
#include <filesystem>

#include "archive/archive.h"

namespace pitr {

struct LookAhead {
  std::filesystem::path data_directory;
  std::size_t most;                           // files in one call; 0: none
  std::size_t workers;                        // files that are compressed at a time
  std::chrono::steady_clock::time_point end;  // no file is begun afterwards
};

// When the server itself calls: it has `path` archived now, and asks for one file per call. This archives, in
// the same call, the files that it would ask for next, and marks each but the last as done once it is durable
// everywhere.
//
// Files are compressed and synced in any order and published in the archiver's: a name appears only after the
// file before it is durable everywhere, and after a failure no more of them in this call. So what is stored
// never has a hole. Whatever fails is no failure of this call, it is logged: the server will ask for that
// file itself.
void archive_ahead(const std::filesystem::path& path, const LookAhead& ahead, const Archiving& archiving);

}  // namespace pitr
