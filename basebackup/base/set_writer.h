#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "basebackup/base/pending_file.h"
#include "basebackup/copying/tar_writer.h"
#include "common/cli/log.h"
#include "common/os/spool_file.h"
#include "common/set/backup_index.h"
#include "common/set/backup_set.h"
#include "common/store/place.h"
#include "common/store/store.h"

namespace pitr {

// What is stored already of a set that waited for its WAL: its data file, and what was known of it.
struct BegunSet {
  SpoolFile& index;
  std::map<std::string, std::string> digests;  // lines of the digest files, by algorithm
  std::uint64_t stored_bytes;
};

// How a set is written.
struct SetOptions {
  std::vector<Place> destinations;
  std::vector<std::string> digests;  // algorithms; one file each
  std::filesystem::path temporary_directory;
  std::size_t workers;
  Openness openness;
  const BegunSet* begun = nullptr;  // null: a new set
};

class SetBranch;

// A backup set on its way. The stream of a file is compressed once per codec, whatever the number of
// destinations. Everything lies under temporary names until publish(); destroyed before that, nothing is
// left. A destination that fails drops out and is logged; when the last one fails, the call that met it
// throws.
class SetWriter {
 public:
  // Opens every destination. Throws when none can be reached, and when one holds a set of these names or is
  // given twice.
  SetWriter(const SetOptions& options, const SetNames& names, Log& log);
  ~SetWriter();

  // The data or xlog file at every destination; the index tells where its members lie. finish() completes it;
  // it is published later.
  std::unique_ptr<TarWriter> create(SetPart part);

  // Drops the file that was created last, if it is this part's: nothing is left of it.
  void abandon(SetPart part);
  // False: every destination has failed.
  bool any_left() const;

  // What a meta file says of the files stored in its codec.
  struct Stored {
    std::uint64_t bytes;  // of data and xlog
    SpoolFile& index;     // complete
    const std::map<std::string, std::string>& digests;
  };
  using WriteMeta = std::function<void(TarWriter& tar, const Stored& stored)>;
  // Data, xlog and digest files appear under their names. Then each codec's meta file is written by
  // `write_meta` and published: now it is a backup. False: not all destinations hold the set.
  bool publish(const WriteMeta& write_meta);
  // The same without xlog and digest files, and with a waiting file in place of meta: no backup yet.
  bool publish_waiting(const WriteMeta& write_meta);
  // Those that hold it then.
  std::vector<Place> complete_places() const;

 private:
  std::unique_ptr<Sink> create_sink(SetPart part);
  SetBranch& branch_for(Compression compression, const SetOptions& options, const SetNames& names);

  Survivors<SetPlace> places_;
  std::vector<std::unique_ptr<SetBranch>> branches_;
  std::size_t workers_;
};

}  // namespace pitr
