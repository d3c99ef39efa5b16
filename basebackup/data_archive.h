#pragma once

#include <functional>

#include "basebackup/cluster.h"
#include "basebackup/page_check.h"
#include "basebackup/session.h"
#include "basebackup/set_writer.h"
#include "common/manifest.h"

namespace pitr {

// The data file of a set: everything of the data directory, then what makes it a backup.
class DataArchive {
 public:
  DataArchive(const Cluster& cluster, SetWriter& set, const std::filesystem::path& temporary_directory);

  // Copies the data directory; `each` is called for every piece of it with the number of its bytes.
  void write_data(const std::function<void(std::size_t)>& each);
  // Label, map, manifest, pg_control, in this order. The label exists only after the stop; `control` has to be read
  // after everything else, and is held so that the manifest can name it.
  void write_tail(const StopResult& stop, const ControlFile& control, const WalRange& range);

  // Pages that are damaged in the cluster itself; known only when the backup has ended.
  std::vector<BadPage> bad_pages(Lsn start, Lsn stop) const { return pages_.bad_pages(start, stop); }
  std::uint64_t raw_bytes() const { return tar_.offset(); }
  SpoolFile& manifest() { return manifest_bytes_; }

 private:
  void store(const Entry& entry, const std::function<void(std::size_t)>& each);
  void store_own(const std::string& path, Bytes content);

  const Cluster& cluster_;
  SetWriter& set_;
  std::unique_ptr<Sink> sink_;
  TarWriter tar_;
  SpoolFile manifest_bytes_;
  ManifestWriter manifest_;
  PageCheck pages_;
};

}  // namespace pitr
