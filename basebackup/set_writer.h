#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "basebackup/tar_writer.h"
#include "common/backup_index.h"
#include "common/backup_set.h"
#include "common/log.h"
#include "common/options.h"
#include "common/spool_file.h"
#include "common/store.h"

namespace pitr {

// How a set is written.
struct SetOptions {
  std::vector<Place> destinations;
  std::vector<std::string> digests;  // algorithms; one file each
  std::filesystem::path temporary_directory;
  std::size_t workers;
  Openness openness;
};

class SetBranch;
class Destinations;

// A backup set on its way. The stream of a file is compressed once per codec, whatever the number of destinations.
// Everything lies under temporary names until publish(); destroyed before that, nothing is left. A destination that
// fails drops out and is logged; when the last one fails, the call that met it throws.
class SetWriter {
 public:
  // Opens every destination. Throws when none can be reached, and when one holds a set of these names or is given
  // twice.
  SetWriter(const SetOptions& options, const SetNames& names, Log& log);
  ~SetWriter();

  // The data or xlog file at every destination. finish() completes it; it is published later.
  std::unique_ptr<Sink> create(SetPart part);
  // Where a member lies in the tar that is being written: for the index.
  void add_member(SetPart part, std::string_view path, const TarPosition& position, std::uint64_t size);

  // Data, xlog and digest files appear under their names. Then each branch's meta file is written by `write_meta`
  // (stored_bytes: of this branch's data and xlog; index: complete) and published: now it is a backup.
  using WriteMeta = std::function<void(TarWriter& tar, std::uint64_t stored_bytes, SpoolFile& index)>;
  // False: not all destinations hold the set.
  bool publish(const WriteMeta& write_meta);

 private:
  SetBranch& branch_for(Compression compression, const SetOptions& options, const SetNames& names);

  std::unique_ptr<Destinations> destinations_;
  std::vector<std::unique_ptr<SetBranch>> branches_;
  std::size_t workers_;
};

}  // namespace pitr
