#pragma once

#include <memory>

#include "common/codec/codec.h"
#include "common/store/store.h"

namespace pitr {

// The stored file, decompressed by its suffix. Null: there is no such file.
std::unique_ptr<Source> open_decompressed(Store& store, const Name& name);

// The codec that the name's suffix tells.
Codec codec_of(const Name& name);

}  // namespace pitr
