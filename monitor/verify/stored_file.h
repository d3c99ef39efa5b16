#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "common/set/backup_index.h"
#include "common/store/store.h"

namespace pitr {

// Which part of all there is to read: everything, or a different part every day.
struct Sample {
  std::uint64_t parts = 1;
  std::uint64_t today = 0;  // < parts
  bool is_all() const { return parts == 1; }
  bool has(std::uint64_t number) const { return number % parts == today; }
};

// What was found out about a stored file while it was read. Filled by the reading thread and the workers.
class StoredFacts {
 public:
  struct BadBlock {
    std::uint64_t stored_offset, raw_begin, raw_end;
    std::string reason;
  };
  void add(BadBlock block);
  std::vector<BadBlock> bad_blocks() const;  // by offset
  // Did a damaged block hold some of these bytes of the tar?
  bool touches(std::uint64_t raw_begin, std::uint64_t raw_end) const;

  // These are there once the source has ended.
  std::uint64_t size = 0;
  std::vector<std::pair<std::string, std::string>> digests;  // algorithm, hex

 private:
  mutable std::mutex mutex_;
  std::vector<BadBlock> bad_blocks_;
};

// The bytes of the tar in `name`. With `indexed` blocks, every one is checked and decompressed on `workers`
// threads, and a damaged one comes as zeros; else it is one stream, and damage throws. The store must outlive
// the source.
std::unique_ptr<Source> read_stored(Store& store, const Name& name, const IndexedFile* indexed,
                                    std::size_t workers, const std::vector<std::string>& algorithms,
                                    std::shared_ptr<StoredFacts> facts);

// Reads and checks only the blocks of the sample.
void check_sample(Store& store, const Name& name, const IndexedFile& indexed, std::size_t workers,
                  const Sample& sample, StoredFacts& facts);

// The size of a stored file; null: there is no such file.
std::optional<std::uint64_t> stored_size(Store& store, const Name& name);

}  // namespace pitr
