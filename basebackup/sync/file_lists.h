#pragma once

#include <deque>

#include "basebackup/copying/pgdata.h"
#include "common/os/spool_file.h"

namespace pitr {

// The files of a cluster that go below one directory of a copy.
struct FileTree {
  std::string target;            // that directory, as the tar names it: "." is the data directory
  std::filesystem::path source;  // where they lie here
  SpoolFile names;               // "./base/5/1259", each with a zero behind it
  std::uint64_t bytes = 0;       // of all files
};

// What a copy holds, but for its links.
struct FileLists {
  std::deque<FileTree> trees;
  SpoolFile names;  // as the tar has them, with '/' at the end of a directory's; each with a zero behind it
};

// `walk` has to be in place.
FileLists list_files(const std::filesystem::path& data_directory, const WalkOptions& walk,
                     const std::filesystem::path& temporary_directory);

}  // namespace pitr
