#include <lz4frame.h>

#include "common/codec/codec_internal.h"

namespace pitr {
namespace {

struct Free {
  void operator()(LZ4F_cctx* context) const { LZ4F_freeCompressionContext(context); }
  void operator()(LZ4F_dctx* context) const { LZ4F_freeDecompressionContext(context); }
};

class Lz4Compressor final : public BlockCompressor {
 public:
  explicit Lz4Compressor(int level) {
    LZ4F_cctx* context = nullptr;
    checked(LZ4F_createCompressionContext(&context, LZ4F_VERSION));
    context_.reset(context);
    preferences_.compressionLevel = level;
    preferences_.autoFlush = 1;  // with stableSrc below: nothing is copied into the context
    preferences_.frameInfo.blockSizeID = LZ4F_max1MB;
    preferences_.frameInfo.blockMode = LZ4F_blockIndependent;
    preferences_.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
  }

  void compress(Bytes block, std::vector<std::byte>& result) override {
    preferences_.frameInfo.contentSize = block.size();
    const std::span<std::byte> out = output_.at_least(LZ4F_compressFrameBound(block.size(), &preferences_));
    LZ4F_compressOptions_t options{};
    options.stableSrc = 1;
    LZ4F_cctx* const context = context_.get();
    std::size_t n = checked(LZ4F_compressBegin(context, out.data(), out.size(), &preferences_));
    n += checked(
        LZ4F_compressUpdate(context, out.data() + n, out.size() - n, block.data(), block.size(), &options));
    n += checked(LZ4F_compressEnd(context, out.data() + n, out.size() - n, &options));
    result.assign(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(n));
  }

 private:
  static std::size_t checked(std::size_t code) {
    if (LZ4F_isError(code)) fail_compress(Codec::lz4, LZ4F_getErrorName(code));
    return code;
  }

  std::unique_ptr<LZ4F_cctx, Free> context_;
  LZ4F_preferences_t preferences_{};
  OutputBuffer output_;
};

class Lz4Decoder final : public Decoder {
 public:
  explicit Lz4Decoder(std::string name) : name_(std::move(name)) {
    LZ4F_dctx* context = nullptr;
    const std::size_t code = LZ4F_createDecompressionContext(&context, LZ4F_VERSION);
    if (LZ4F_isError(code)) fail(Exit::failed, "decompress {}: {}", name_, LZ4F_getErrorName(code));
    context_.reset(context);
  }

  Step decode(Bytes in, std::span<std::byte> out) override {
    std::size_t taken = in.size();
    std::size_t made = out.size();
    const std::size_t code = LZ4F_decompress(context_.get(), out.data(), &made, in.data(), &taken, nullptr);
    if (LZ4F_isError(code)) fail_damaged(name_, "lz4 frame", LZ4F_getErrorName(code));
    return {taken, made, code == 0};
  }

  // A frame, or a skippable frame: 50..5f 2a 4d 18.
  bool may_follow(std::byte first) const override {
    return first == std::byte{0x04} || (first & std::byte{0xf0}) == std::byte{0x50};
  }

 private:
  std::string name_;
  std::unique_ptr<LZ4F_dctx, Free> context_;
};

}  // namespace

std::unique_ptr<BlockCompressor> lz4_compressor(int level) { return std::make_unique<Lz4Compressor>(level); }

std::unique_ptr<Decoder> lz4_decoder(std::string name) {
  return std::make_unique<Lz4Decoder>(std::move(name));
}

}  // namespace pitr
