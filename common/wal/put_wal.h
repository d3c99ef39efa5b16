#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/codec/codec.h"
#include "common/postgres/wal.h"
#include "common/store/store.h"

namespace pitr {

// A WAL file that is to be stored.
struct OriginalWal {
  WalName name;
  std::string described;                          // what messages call it
  std::function<std::unique_ptr<Source>()> open;  // its bytes, once more for every comparison
};

// Content that is known, because an earlier call has put it there, is not read back.
enum class Content { compared, known };

// Is the file in the place already, under any suffix? Then it is made durable; different content throws.
bool has_wal(Store& store, const OriginalWal& original, Content content = Content::compared);

// The way of the file, compressed by `codec` already, into the place; null when it is there. When another
// archiver publishes the same name first, its file must be identical: finish() compares, and throws if not.
std::unique_ptr<Sink> put_wal(std::shared_ptr<Store> store, Codec codec, OriginalWal original,
                              Content content = Content::compared);

}  // namespace pitr
