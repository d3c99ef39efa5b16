#pragma once

#include <functional>
#include <vector>

#include "common/set/backup_index.h"
#include "common/set/tar_reader.h"
#include "monitor/verify/finding.h"
#include "monitor/verify/stored_file.h"

namespace pitr {

// A tar of a set, and what the index tells of it.
struct StoredTar {
  Store& store;
  Name name;
  const IndexedFile* indexed = nullptr;                 // null: a set without an index
  const std::vector<IndexedMember>* members = nullptr;  // null likewise
  std::vector<std::string> algorithms = {};             // digests that are wanted besides SHA-256
  std::size_t workers = 1;

  std::string path() const { return store.describe(name); }
};

struct TarOutcome {
  bool whole = false;                                        // read to its end
  bool good = false;                                         // and nothing was wrong with the stored bytes
  std::vector<std::pair<std::string, std::string>> digests;  // algorithm, hex; of the stored bytes
};

// Reads a tar to its end: its blocks, its digest, its structure, its members against the index. Whatever is
// wrong becomes a finding, the damaged blocks with the members that they hold. `each` gets every member;
// `sound` tells that none of its bytes lies in a damaged block.
using EachTarMember = std::function<void(const TarEntry& member, Source& content, bool sound)>;
TarOutcome pass_over(const StoredTar& tar, const EachTarMember& each, Findings& findings);

// Adds a finding for every damaged block.
void tell_bad_blocks(const StoredTar& tar, const StoredFacts& facts, Findings& findings);

}  // namespace pitr
