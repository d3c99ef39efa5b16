#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "common/postgres/manifest.h"
#include "common/set/backup_catalog.h"
#include "common/set/backup_index.h"

namespace pitr {

// What the meta file of a set tells about the others.
struct SetContent {
  struct File {
    std::uint64_t size;
    std::string crc32c;  // as the manifest prints it; "" when it names another algorithm
  };
  std::string backup_label;
  std::string manifest_sha256;                  // of its text
  std::unordered_map<std::string, File> files;  // of the manifest, by path; one entry per file of the cluster
  std::vector<IndexedFile> stored;
  std::vector<IndexedMember> data, xlog;  // members, in the order of their tars

  const IndexedFile* indexed(const Name& name) const;
  // The file of a part that the index tells of. Null: the set was made without it.
  const IndexedFile* indexed(SetPart part, const BackupSet& set) const;
};

// Reads the meta file to its end. Throws Exit::damaged at the first thing that cannot be right.
SetContent read_set_content(Store& store, const BackupSet& set);

}  // namespace pitr
