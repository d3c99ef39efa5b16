#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/codec/codec.h"

// What codec.cc and the codec_*.cc files share; nobody else includes it.
namespace pitr {

// A library's streaming decoder over the members (frames, streams) of one file. The filter around it
// (codec.cc) owns the output buffer and knows whether the file ended where it may.
class Decoder {
 public:
  struct Step {
    std::size_t taken, made;
    bool complete;  // a member ended here; the next call has input and starts the next one
  };
  virtual ~Decoder() = default;
  // Takes from the front of `in`, fills the front of `out`. `in` is empty only inside a member, after a call
  // that filled `out`. Throws on damage.
  virtual Step decode(Bytes in, std::span<std::byte> out) = 0;
  // Can a byte after a complete member be the first of another one?
  virtual bool may_follow(std::byte first) const = 0;
};

// The two functions of each codec_*.cc. `name` is what messages call the file.
std::unique_ptr<BlockCompressor> gzip_compressor(int level);
// Level 1 to 3; gzip_compressor() of a low level is one of these.
std::unique_ptr<BlockCompressor> igzip_compressor(int level);
std::unique_ptr<Decoder> gzip_decoder(std::string name);
std::unique_ptr<BlockCompressor> zstd_compressor(int level);
std::unique_ptr<Decoder> zstd_decoder(std::string name);
std::unique_ptr<BlockCompressor> lz4_compressor(int level);
std::unique_ptr<Decoder> lz4_decoder(std::string name);
std::unique_ptr<BlockCompressor> bzip2_compressor(int level);
std::unique_ptr<Decoder> bzip2_decoder(std::string name);
std::unique_ptr<BlockCompressor> xz_compressor(int level);
std::unique_ptr<Decoder> xz_decoder(std::string name);
std::unique_ptr<Sink> lzma_sink(int level, std::unique_ptr<Sink> next);  // instead of a BlockCompressor
std::unique_ptr<Decoder> lzma_decoder(std::string name);

// Some libraries count in 32 bits and would take a part of a larger piece for all of it.
constexpr std::size_t longest_piece = std::size_t{1} << 30;

// `what`: "zstd frame"; `reason`: the library's.
[[noreturn]] void fail_damaged(const std::string& name, std::string_view what, std::string_view reason);
[[noreturn]] void fail_compress(Codec codec, std::string_view reason);

// Where a compressor writes before it knows the size. Filling a vector to its largest possible size first
// would cost more than copying the compressed bytes out of here.
class OutputBuffer {
 public:
  std::span<std::byte> at_least(std::size_t size) {
    if (size > size_) {
      bytes_ = std::make_unique_for_overwrite<std::byte[]>(size);
      size_ = size;
    }
    return {bytes_.get(), size_};
  }

 private:
  std::unique_ptr<std::byte[]> bytes_;
  std::size_t size_ = 0;
};

}  // namespace pitr
