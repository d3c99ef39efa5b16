#include <zlib.h>

#include "common/codec/codec_internal.h"

namespace pitr {
namespace {

// Up to here igzip's files are as small as zlib's of the same level, or smaller.
constexpr int highest_igzip_level = 3;

constexpr int gzip_format = 15 + 16;  // the largest window, with gzip's header and trailer

// The library takes input as Bytef*, but does not write to it.
Bytef* input(Bytes bytes) { return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data())); }
Bytef* output(std::span<std::byte> bytes) { return reinterpret_cast<Bytef*>(bytes.data()); }

std::string_view reason(const z_stream& stream, int code) {
  return stream.msg != nullptr ? stream.msg : zError(code);
}

class ZlibCompressor final : public BlockCompressor {
 public:
  explicit ZlibCompressor(int level) {
    const int code = deflateInit2(&stream_, level, Z_DEFLATED, gzip_format, 8, Z_DEFAULT_STRATEGY);
    if (code != Z_OK) fail_compress(Codec::gzip, reason(stream_, code));
  }
  ~ZlibCompressor() override { deflateEnd(&stream_); }
  ZlibCompressor(const ZlibCompressor&) = delete;
  ZlibCompressor& operator=(const ZlibCompressor&) = delete;

  void compress(Bytes block, std::vector<std::byte>& result) override {
    if (block.size() > longest_piece) fail_compress(Codec::gzip, "block is too large");
    if (deflateReset(&stream_) != Z_OK) fail_compress(Codec::gzip, "inconsistent state");
    const std::span<std::byte> out = output_.at_least(deflateBound(&stream_, block.size()));
    stream_.next_in = input(block);
    stream_.avail_in = static_cast<uInt>(block.size());
    stream_.next_out = output(out);
    stream_.avail_out = static_cast<uInt>(out.size());
    const int code = deflate(&stream_, Z_FINISH);
    if (code != Z_STREAM_END) fail_compress(Codec::gzip, reason(stream_, code));
    const std::span<std::byte> made = out.first(out.size() - stream_.avail_out);
    result.assign(made.begin(), made.end());
  }

 private:
  z_stream stream_{};
  OutputBuffer output_;
};

class GzipDecoder final : public Decoder {
 public:
  explicit GzipDecoder(std::string name) : name_(std::move(name)) {
    const int code = inflateInit2(&stream_, gzip_format);
    if (code != Z_OK) fail(Exit::failed, "decompress {}: {}", name_, reason(stream_, code));
  }
  ~GzipDecoder() override { inflateEnd(&stream_); }
  GzipDecoder(const GzipDecoder&) = delete;
  GzipDecoder& operator=(const GzipDecoder&) = delete;

  Step decode(Bytes in, std::span<std::byte> out) override {
    stream_.next_in = input(in);
    stream_.avail_in = static_cast<uInt>(in.size());
    stream_.next_out = output(out);
    stream_.avail_out = static_cast<uInt>(out.size());
    const int code = inflate(&stream_, Z_NO_FLUSH);
    if (code == Z_MEM_ERROR) fail(Exit::failed, "decompress {}: {}", name_, reason(stream_, code));
    // Z_BUF_ERROR: nothing was left to be put out. The filter notices when that is no good.
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
      fail_damaged(name_, "gzip member", reason(stream_, code));
    }
    const Step step{in.size() - stream_.avail_in, out.size() - stream_.avail_out, code == Z_STREAM_END};
    if (step.complete && inflateReset(&stream_) != Z_OK)
      fail_damaged(name_, "gzip member", "inconsistent state");
    return step;
  }

  bool may_follow(std::byte first) const override { return first == std::byte{0x1f}; }

 private:
  std::string name_;
  z_stream stream_{};
};

}  // namespace

std::unique_ptr<BlockCompressor> gzip_compressor(int level) {
  if (level <= highest_igzip_level) return igzip_compressor(level);
  return std::make_unique<ZlibCompressor>(level);
}

std::unique_ptr<Decoder> gzip_decoder(std::string name) {
  return std::make_unique<GzipDecoder>(std::move(name));
}

}  // namespace pitr
