#include "common/store/decompressed_file.h"

namespace pitr {
Codec codec_of(const Name& name) {
  for (const Codec codec : all_codecs()) {
    if (!suffix(codec).empty() && name.text().ends_with(suffix(codec))) return codec;
  }
  return Codec::none;
}

std::unique_ptr<Source> open_decompressed(Store& store, const Name& name) {
  auto stored = store.open(name);
  if (!stored) return nullptr;
  return decompressed(codec_of(name), store.describe(name), std::move(stored));
}

}  // namespace pitr
