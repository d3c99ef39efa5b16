#pragma once

#include <functional>

#include "basebackup/cluster.h"
#include "basebackup/session.h"
#include "basebackup/set_writer.h"
#include "common/manifest.h"

namespace pitr {

// The data file of a set: everything of the data directory, then what makes it a backup.
class DataArchive {
 public:
  DataArchive(const Cluster& cluster, SetWriter& set, const std::filesystem::path& temporary_directory);

  // Copies the data directory; `each` is called between pieces of it.
  void write_data(const std::function<void()>& each);
  // Label, map, manifest, pg_control, in this order. The label exists only after the stop; pg_control has to be read
  // after everything else, and its 8 KiB are held so that the manifest can name them.
  void write_tail(const StopResult& stop, Timeline start_timeline, Lsn start);

  std::uint64_t raw_bytes() const { return tar_.offset(); }
  SpoolFile& manifest() { return manifest_bytes_; }

 private:
  void store(const Entry& entry, const std::function<void()>& each);
  void store_own(const std::string& path, Bytes content);

  const Cluster& cluster_;
  SetWriter& set_;
  std::unique_ptr<Sink> sink_;
  TarWriter tar_;
  SpoolFile manifest_bytes_;
  ManifestWriter manifest_;
};

}  // namespace pitr
