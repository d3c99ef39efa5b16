#include "common/os/sized_source.h"

#include "common/os/file_source.h"

namespace pitr {

std::optional<std::uint64_t> size_of(const Source& source) {
  if (const auto* file = dynamic_cast<const FileSource*>(&source)) return file->size();
  if (const auto* sized = dynamic_cast<const SizedSource*>(&source)) return sized->size();
  return std::nullopt;
}

}  // namespace pitr
