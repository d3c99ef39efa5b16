#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "basebackup/pgdata.h"
#include "basebackup/tar_writer.h"
#include "common/control_file.h"
#include "common/file.h"
#include "common/server.h"

namespace pitr {

// The cluster that is backed up: what its server and its data directory say of it.
struct Cluster {
  std::filesystem::path data_directory;  // absolute, no trailing slash
  std::string top;                       // its basename: the first directory of every path in the tars
  int major;                             // 15
  std::string version;                   // "15.18"
  ControlFile control;                   // as it was before the backup
  Openness openness;
  WalkOptions walk;
  struct stat owner;                     // of the data directory: what we add to the tars belongs to its owner

  // A file that we make ourselves, under `path` of the unpacked data directory.
  TarMember own_file(const std::string& path, std::uint64_t size) const;
};

// Throws when `data_directory` is not that of this server, or when the server is a standby.
Cluster look_at_cluster(Server& server, const std::filesystem::path& data_directory);

}  // namespace pitr
