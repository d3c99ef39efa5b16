#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/stream.h"
#include "common/codec/codec.h"

namespace pitr {

// A meta file ends with a seal: the SHA-256 of all stored bytes before it, in a form that every decompressor
// passes over. Compressed formats have bytes that no checksum covers (gzip's header, bits that end a block);
// without the seal a change of these would not be noticed.
//   gzip       an empty member whose comment is "SHA-256: <hex>"
//   zstd, lz4  a skippable frame with this text
//   none       a block of 512 bytes with this text behind the end mark of the tar, and an end mark again
// bzip2, xz and lzma have no such form: "".
std::string seal(Codec codec, std::string_view sha256);

// A filter that writes the seal at the end.
std::unique_ptr<Sink> sealed(Codec codec, std::unique_ptr<Sink> next);

// Reads a stored file to its end. What is wrong with its seal, for people; null: it is whole, or the codec
// has none.
std::optional<std::string> seal_damage(Codec codec, Source& stored);

}  // namespace pitr
