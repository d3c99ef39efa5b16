#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace pitr {

// One thing of a data directory that a backup stores.
struct Entry {
  enum class Kind { directory, file, symlink };
  Kind kind;
  // As the manifest names it, relative to the data directory: "base/5/1259"; of a tablespace
  // "pg_tblspc/16385/PG_15_202209061/5/16386". Empty for the data directory itself.
  std::string path;
  // As the tar names it: "main/base/5/1259", "tablespaces/mnt/fast/PG_15_202209061/5/16386".
  std::string tar_path;
  // Of a file: what to open, absolute, no symbolic link at its end. It may have vanished by then: no error.
  std::filesystem::path source;
  std::string target;  // of a symlink
  struct stat status;  // of what is stored: a link to a file has the status of that file
};

struct WalkOptions {
  // The first directory of every path in the tar; empty: the data directory's basename.
  std::string top;
  // See version_directory(). The only part of a tablespace that is this cluster's; required.
  std::string version_directory;
  // `log` and `pg_log` of the data directory become empty directories.
  bool skip_logs = true;
  // Further directories that become empty, relative to the data directory: log_directory,
  // stats_temp_directory.
  std::vector<std::string> emptied;
  // The copy is laid out at its place: what is stored of a tablespace has the absolute path that it goes to,
  // and the link leads there. Then each has to be in `tablespace_paths`.
  bool in_place = false;
  // The OIDs of the tablespaces to store. Links that were created later are left to the WAL. Null: those that
  // are there when the walk begins.
  std::optional<std::set<std::string>> tablespaces{};
  // By OID: the path that a tablespace is stored under when it is not the one where it lies. A standby may
  // have it elsewhere than its primary, whose tablespace_map goes into the set.
  std::map<std::string, std::filesystem::path> tablespace_paths{};
};

// "PG_15_202209061": what this cluster calls its directory in every tablespace. `major` as in PG_VERSION.
std::string version_directory(std::string_view major, std::uint32_t catalog_version);

// The OIDs of the tablespaces that `root` has links to.
std::set<std::string> tablespace_links(const std::filesystem::path& root);

// Calls `each` for everything that belongs into a backup of the data directory `root`: a directory before
// what is in it, the names of a directory in byte order. Memory holds the names of one directory per level,
// never more.
//
// Left out, as PostgreSQL's own base backup does (basebackup.c; the same from 13 to 18): the contents of
// pg_wal (empty directories pg_wal, archive_status and, if there, summaries) and of the directories that the
// server empties at start; postmaster.pid and its like; temporary files and relations; every fork of an
// unlogged relation but _init; sockets, FIFOs, devices. Left out by us besides: signal files, recovery.conf,
// recovery.done, the mark of pitr-recover, logs. global/pg_control too: it has to be stored after everything
// else, by the caller.
//
// pg_tblspc/<oid> becomes a link into tablespaces/<absolute path> of the same unpacking, and the cluster's
// own directory in the tablespace is stored there. When that lies inside the data directory, it is left out
// at its place in the tree: pg_verifybackup would find it twice. In-place tablespaces are plain directories.
//
// Other symbolic links: to a file, stored as a file; to a directory that is stored empty, an empty directory;
// to another directory, or to nothing, an Error. What vanishes during the walk is left out. What cannot be
// looked at is an Error that names it, and so is a tablespace whose directory is missing: its disk is not
// mounted.
void walk_data_directory(const std::filesystem::path& root, const WalkOptions& options,
                         const std::function<void(const Entry&)>& each);

}  // namespace pitr
