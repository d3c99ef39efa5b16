#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "common/base/stream.h"

namespace pitr {

// A new codec is an enumerator, a row of the table in codec.cc and a codec_*.cc with two functions.
enum class Codec { none, gzip, zstd, lz4, bzip2, xz, lzma };

std::span<const Codec> all_codecs();
std::string_view name(Codec codec);    // "zstd": what options say
std::string_view suffix(Codec codec);  // ".zst": what file names say; "" for none
std::optional<Codec> codec_named(std::string_view name);
// "meta.tar.zst" is "meta.tar" in zstd; a name without one of the suffixes is all of it, and none.
struct SplitName {
  std::string_view stem;  // of the name that was given
  Codec codec;
};
SplitName split_suffix(std::string_view file_name);

struct Compression {
  Codec codec = Codec::none;
  int level = 0;  // 0: the codec's default of the suite, made for speed
};
// The lowest and the highest level that `codec` takes; {0, 0} for none.
struct Levels {
  int lowest, highest;
};
Levels levels(Codec codec);

// Bytes that go into one block.
std::size_t block_size(Compression compression);

// One worker's compression state. Each call makes one complete gzip member, zstd frame, lz4 frame, bzip2 or
// xz stream, checksummed where the format can; one after the other they are a file that every standard tool
// reads. A block has at most 1 GiB.
class BlockCompressor {
 public:
  virtual ~BlockCompressor() = default;
  virtual void compress(Bytes block, std::vector<std::byte>& result) = 0;  // replaces what is in `result`
};
// Throws usage when the codec does not take the level, failed for lzma: its streams cannot be concatenated.
std::unique_ptr<BlockCompressor> block_compressor(Compression compression);

// Told of every stored block, in order: where it lies in the file, where its bytes lie in the stream.
struct StoredBlock {
  std::uint64_t stored_offset, stored_size, raw_offset, raw_size;
  Bytes bytes;  // as stored; valid during the call
};
using BlockObserver = std::function<void(const StoredBlock&)>;

// A filter that compresses block by block on `workers` threads; an empty stream is one empty block. none
// passes through. lzma has no blocks: it is one stream, made by the calling thread, and `observe` is never
// called.
std::unique_ptr<Sink> compress(Compression compression, std::size_t workers, std::unique_ptr<Sink> next,
                               BlockObserver observe = {});

// A filter that decompresses a whole file, ours or anybody's, however many members or frames it has. finish()
// throws when the input ended early or was empty; write() throws on damage and when garbage follows. Checks
// every checksum that the format has. `name` is what messages call the file.
// What cannot be seen here: a file cut exactly between two members (compare the size), and damage in lzma,
// which has no checksum. none passes through, also an empty file.
// Memory is bounded and `next` gets at most 1 MiB at a time: by throwing it stops a file without end.
std::unique_ptr<Sink> decompress(Codec codec, std::string name, std::unique_ptr<Sink> next);
// The same as something to read from: `stored` is decompressed by a thread in the background.
std::unique_ptr<Source> decompressed(Codec codec, const std::string& name, std::unique_ptr<Source> stored);
// What one call of a BlockCompressor made, decompressed in one step: replaces what is in `result`. Throws as
// decompress() does, and when `stored` is not one member or frame of `raw_size` bytes and nothing more.
void decompress_block(Codec codec, const std::string& name, Bytes stored, std::size_t raw_size,
                      std::vector<std::byte>& result);

}  // namespace pitr
