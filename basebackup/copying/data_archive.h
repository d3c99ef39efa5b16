#pragma once

#include <functional>

#include "basebackup/copying/cluster.h"
#include "basebackup/copying/end_backup.h"
#include "basebackup/copying/page_check.h"
#include "basebackup/copying/tar_writer.h"
#include "common/os/spool_file.h"
#include "common/postgres/manifest.h"

namespace pitr {

using EachPiece = std::function<void(std::size_t)>;  // is called with the number of its bytes

// The data file of a backup: everything of the data directory, then what makes it a backup.
class DataArchive {
 public:
  // `tar` stays the caller's, who finishes it.
  DataArchive(const Cluster& cluster, TarWriter& tar, const std::filesystem::path& temporary_directory);

  // Copies the data directory.
  void write_data(const EachPiece& each);
  // Label, map and manifest, in this order. The manifest names pg_control, which write_control() adds last.
  void write_tail(const BackupEnd& end);

  const PageCheck& pages() const { return pages_; }
  SpoolFile& manifest() { return manifest_bytes_; }

 private:
  void name(const std::string& path, Bytes content);

  const Cluster& cluster_;
  TarWriter& tar_;
  SpoolFile manifest_bytes_;
  ManifestWriter manifest_;
  PageCheck pages_;
};

// Stores the directories and links of the data directory, and reads its files for their pages alone:
// something else brings those, later bytes maybe, so that there is no manifest.
PageCheck write_links_and_check_pages(const Cluster& cluster, TarWriter& tar, const EachPiece& each);

// The label and the map of tablespaces, if there is one.
void write_label(TarWriter& tar, const Cluster& cluster, const StopResult& stop);

// The last member; under its own name, or one that whoever unpacks it changes into that.
void write_control(TarWriter& tar, const Cluster& cluster, const ControlFile& control,
                   const std::string& path = "global/pg_control");

}  // namespace pitr
