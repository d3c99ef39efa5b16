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

// Whose data directory is copied, while the backup runs in `server`.
enum class DataOf {
  server,      // its own, be it a primary or a standby
  its_standby  // that of a standby of this primary (--call-primary)
};

// The cluster that is backed up: what its server and its data directory say of it.
struct Cluster {
  std::filesystem::path data_directory;  // absolute, no trailing slash
  std::string top;                       // its basename: the first directory of every path in the tars
  int major;                             // 15
  std::string version;                   // "15.18"
  ControlFile control;                   // as it was before the backup
  Openness openness;
  WalkOptions walk;
  DataOf of = DataOf::server;
  bool is_standby;                // the directory is a standby's, and the backup runs in it
  bool archiving_is_off = false;  // archive_mode of the server
  struct stat owner;              // of the data directory: what we add to the tars belongs to its owner

  // A file that we make ourselves, under `path` of the unpacked data directory.
  TarMember own_file(const std::string& path, std::uint64_t size) const;
};

// Where the server has its tablespaces, by OID; without those in place.
std::map<std::string, std::filesystem::path> tablespaces_of(Server& server);

// Throws when `data_directory` is not that of this server, or of a standby of this primary.
Cluster look_at_cluster(Server& server, const std::filesystem::path& data_directory, DataOf of);

// Which tablespaces are copied: those of the map that the server has just made. Called directly behind the
// start of the backup, before anything that takes time.
void choose_tablespaces(Cluster& cluster, Server& server);

// Throws unless `standby` is the standby whose directory is copied.
void require_server_of(Server& standby, const Cluster& cluster);

}  // namespace pitr
