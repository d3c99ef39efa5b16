#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "basebackup/copying/pgdata.h"
#include "basebackup/copying/tar_writer.h"
#include "common/os/file.h"
#include "common/postgres/control_file.h"
#include "common/postgres/server.h"
#include "common/store/store.h"

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
  bool is_standby;    // the directory is a standby's, and the backup runs in it
  struct stat owner;  // of the data directory: what we add to the tars belongs to its owner

  // A file that we make ourselves, under `path` of the unpacked data directory.
  TarMember own_file(const std::string& path, std::uint64_t size) const;
};

// Whose data directory is copied, while the backup runs in `server`.
enum class DataOf {
  server,      // its own, be it a primary or a standby
  its_standby  // that of a standby of this primary (--call-primary)
};

// Where the server has its tablespaces, by OID; without those in place.
std::map<std::string, std::filesystem::path> tablespaces_of(Server& server);

// Throws when `data_directory` is not that of this server, or of a standby of this primary.
Cluster look_at_cluster(Server& server, const std::filesystem::path& data_directory, DataOf of);

}  // namespace pitr
