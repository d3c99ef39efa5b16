#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/os/spool_file.h"
#include "common/set/backup_meta.h"
#include "common/set/backup_set.h"
#include "common/set/tar_reader.h"

namespace pitr {

// A backup set in a directory: what its meta file tells, and the files that belong to it by their names.
struct BackupSet {
  std::string name;  // "db1-data-2026-08-01.tar": the data file's name without the codec's suffix
  Name meta_file;    // the meta file, or what stands in its place while WAL is missing
  std::optional<Name> data, xlog;
  std::vector<Name> digests;
  Meta meta;
  std::string damage = {};  // why it cannot be restored (damage_of()); "" for nothing that is known
};
// There is a meta file, and it cannot be read. What it protects is not known.
struct UnreadableSet {
  std::string name;
  Name meta_file;
  std::string reason;
  Exit code;  // damaged; anything else: it could not be looked at
};
// Every set by its state: each program asks this one.
struct Catalog {
  std::vector<BackupSet> complete;  // by stop time, then stop LSN: the newest last
  std::vector<BackupSet> waiting;   // their WAL is not complete: no backups, listed under "incomplete"
  std::vector<BackupSet> damaged;   // a file is missing or has not its length: no backups
  std::vector<UnreadableSet> unreadable;
  std::vector<Name> orphans;        // named like files of a set whose meta file is not there
  std::vector<Name> being_removed;  // the same, and pitr-expire is about to remove them
};

// The cluster that a set is of. OmniPITR's meta file does not tell it, but the host: it is the one that we
// have backed up on it since, when that is one. Null: not known.
std::optional<std::uint64_t> cluster_of(const Catalog& catalog, const Meta& meta);
// Those sets alone that are of this cluster, or of which it is not known. What cannot be read may be.
Catalog of_cluster(Catalog catalog, std::uint64_t system_identifier);
// Reads the directory once, and the beginning of every meta file. Names need no template: "meta" stands in a
// meta file's where "data" stands in the data file's.
Catalog read_catalog(Store& store);

// The set that `text` names: by BackupSet::name, the name of any of its files, or a part of the name that no
// other has. Throws usage when there is none, or more than one.
const BackupSet& set_named(const Catalog& catalog, std::string_view text);

// The names of all files of the set whose meta (or waiting) file is `meta_file` and data file `data`; their
// codec is in them already.
SetNames names_of_set(const Name& meta_file, const Name& data);

// Calls `each` for every member of a meta file, in its order (meta, backup_label, backup_manifest, index,
// config/…), until it returns false. OmniPITR's have none but `meta`. Throws Exit::damaged when the file
// cannot be read.
using EachMember = std::function<bool(const TarEntry& member, Source& content)>;
void read_meta_members(Store& store, const Name& meta_file, const EachMember& each);
// The same for all members of a set's, whose seal is checked first: every stored byte is as it was written.
void read_sealed_meta(Store& store, const BackupSet& set,
                      const std::function<void(const TarEntry& member, Source& content)>& each);

}  // namespace pitr
