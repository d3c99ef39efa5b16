#pragma once

#include <functional>

#include "basebackup/copying/backup_tar.h"
#include "basebackup/copying/cluster.h"
#include "basebackup/copying/page_check.h"
#include "basebackup/copying/session.h"
#include "common/os/spool_file.h"
#include "common/postgres/manifest.h"

namespace pitr {

// The data file of a backup: everything of the data directory, then what makes it a backup.
class DataArchive {
 public:
  enum class Files {
    stored,
    judged,  // only read, for their pages: something else brings them, later bytes maybe, so that there is no
             // manifest
  };
  // `tar` stays the caller's, who finishes it.
  DataArchive(const Cluster& cluster, BackupTar& tar, const std::filesystem::path& temporary_directory,
              Files files = Files::stored);

  // Copies, or judges, the data directory; `each` is called for every piece of it with the number of its
  // bytes.
  void write_data(const std::function<void(std::size_t)>& each);
  // Label, map, manifest, in this order. The label exists only after the stop; `control` has to be read after
  // everything else, and is held so that the manifest can name it.
  void write_label(const StopResult& stop, const ControlFile& control, const WalRange& range);
  // The last member; under its own name, or one that whoever unpacks it changes into that.
  void write_control(const ControlFile& control, const std::string& path = "global/pg_control");

  // Pages that are damaged in the cluster itself; known only when the backup has ended.
  std::vector<BadPage> bad_pages(Lsn start, Lsn stop) const { return pages_.bad_pages(start, stop); }
  SpoolFile& manifest() { return manifest_bytes_; }

 private:
  void store(const Entry& entry, const std::function<void(std::size_t)>& each);
  void store_own(const std::string& path, Bytes content);

  const Cluster& cluster_;
  BackupTar& tar_;
  Files files_;
  SpoolFile manifest_bytes_;
  ManifestWriter manifest_;
  PageCheck pages_;
};

}  // namespace pitr
