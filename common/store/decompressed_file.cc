#include "common/store/decompressed_file.h"

namespace pitr {
Codec codec_of(const Name& name) { return split_suffix(name.text()).codec; }

std::unique_ptr<Source> open_decompressed(Store& store, const Name& name) {
  auto stored = store.open(name);
  if (!stored) return nullptr;
  return decompressed(codec_of(name), store.describe(name), std::move(stored));
}

}  // namespace pitr
