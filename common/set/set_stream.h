#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/set/backup_index.h"
#include "common/store/store.h"

namespace pitr {

// The bytes of a stored file of a set before compression. With its blocks in `index` these are checked
// (CRC-32C) and decompressed on `workers` threads; without, it is decompressed as a stream, whoever wrote it.
std::unique_ptr<Source> open_set_file(Store& store, const Name& name, const std::vector<IndexedFile>& index,
                                      std::size_t workers);

// `size` bytes at `offset` of the file before compression: reads only the blocks that hold them when there
// are blocks.
std::string read_set_range(Store& store, const Name& name, const std::vector<IndexedFile>& index,
                           std::uint64_t offset, std::uint64_t size);

}  // namespace pitr
