#include <zstd.h>
#include <zstd_errors.h>

#include "common/codec/codec_internal.h"

namespace pitr {
namespace {

struct Free {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

class ZstdCompressor final : public BlockCompressor {
 public:
  explicit ZstdCompressor(int level) {
    if (!context_) fail_compress(Codec::zstd, "not enough memory");
    set(ZSTD_c_compressionLevel, level);
    set(ZSTD_c_checksumFlag, 1);     // off by default, and without it damage goes unnoticed
    set(ZSTD_c_contentSizeFlag, 1);  // readers can size their buffers and show progress
  }

  void compress(Bytes block, std::vector<std::byte>& result) override {
    const std::span<std::byte> out = output_.at_least(ZSTD_compressBound(block.size()));
    const std::size_t n = ZSTD_compress2(context_.get(), out.data(), out.size(), block.data(), block.size());
    if (ZSTD_isError(n)) fail_compress(Codec::zstd, ZSTD_getErrorName(n));
    result.assign(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(n));
  }

 private:
  void set(ZSTD_cParameter parameter, int value) {
    const std::size_t code = ZSTD_CCtx_setParameter(context_.get(), parameter, value);
    if (ZSTD_isError(code)) fail_compress(Codec::zstd, ZSTD_getErrorName(code));
  }

  std::unique_ptr<ZSTD_CCtx, Free> context_{ZSTD_createCCtx()};
  OutputBuffer output_;
};

// A new context takes windows up to ZSTD_WINDOWLOG_LIMIT_DEFAULT (128 MiB): that bounds the memory.
class ZstdDecoder final : public Decoder {
 public:
  explicit ZstdDecoder(std::string name) : name_(std::move(name)) {
    if (!context_) fail(Exit::failed, "decompress {}: not enough memory", name_);
  }

  Step decode(Bytes in, std::span<std::byte> out) override {
    // The library would take the formats from before 1.0, too, which have no checksum, when their magic comes
    // whole.
    if (at_start_ && !may_follow(in.front())) fail_damaged(name_, "zstd frame", "unknown magic");
    ZSTD_inBuffer input{in.data(), in.size(), 0};
    ZSTD_outBuffer output{out.data(), out.size(), 0};
    const std::size_t code = ZSTD_decompressStream(context_.get(), &output, &input);
    if (ZSTD_isError(code)) refuse(code);
    at_start_ = code == 0;
    return {input.pos, output.pos, code == 0};
  }

  // A frame, or a skippable frame: 50..5f 2a 4d 18.
  bool may_follow(std::byte first) const override {
    return first == std::byte{0x28} || (first & std::byte{0xf0}) == std::byte{0x50};
  }

 private:
  [[noreturn]] void refuse(std::size_t code) const {
    const ZSTD_ErrorCode error = ZSTD_getErrorCode(code);
    const bool ours =
        error == ZSTD_error_memory_allocation || error == ZSTD_error_frameParameter_windowTooLarge;
    if (ours) fail(Exit::failed, "decompress {}: {}", name_, ZSTD_getErrorName(code));
    fail_damaged(name_, "zstd frame", ZSTD_getErrorName(code));
  }

  std::string name_;
  bool at_start_ = true;  // of a frame
  std::unique_ptr<ZSTD_DCtx, Free> context_{ZSTD_createDCtx()};
};

}  // namespace

std::unique_ptr<BlockCompressor> zstd_compressor(int level) {
  return std::make_unique<ZstdCompressor>(level);
}

std::unique_ptr<Decoder> zstd_decoder(std::string name) {
  return std::make_unique<ZstdDecoder>(std::move(name));
}

}  // namespace pitr
