#pragma once

#include <deque>

#include "basebackup/cluster.h"
#include "common/spool_file.h"

namespace pitr {

// The files of a cluster that go below one directory of a copy.
struct FileTree {
  std::string target;            // that directory, as the tar names it: "." is the data directory
  std::filesystem::path source;  // where they lie here
  SpoolFile names;               // below it, each with a zero behind it
  std::uint64_t bytes = 0;       // of all files
};

// What a copy at its place holds, but for its links; the cluster's tars have to be laid out for that.
struct FileLists {
  std::deque<FileTree> trees;
  SpoolFile names;  // as the tar has them, with '/' at the end of a directory's; each with a zero behind it
};

FileLists list_files(const Cluster& cluster, const std::filesystem::path& temporary_directory);

}  // namespace pitr
