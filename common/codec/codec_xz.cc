#include <lzma.h>

#include <algorithm>
#include <utility>

#include "common/codec/codec_internal.h"

namespace pitr {
namespace {

constexpr std::uint64_t most_memory = 128 * 1024 * 1024;  // level 9 takes 65 MiB

struct Stream {
  Stream() = default;
  ~Stream() { lzma_end(&state); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  void set(Bytes in, std::span<std::byte> out) {
    state.next_in = reinterpret_cast<const std::uint8_t*>(in.data());
    state.avail_in = in.size();
    state.next_out = reinterpret_cast<std::uint8_t*>(out.data());
    state.avail_out = out.size();
  }

  lzma_stream state = LZMA_STREAM_INIT;
};

// liblzma has no texts of its own for these.
std::string_view reason(lzma_ret code) {
  switch (code) {
    case LZMA_MEM_ERROR:
      return "not enough memory";
    case LZMA_MEMLIMIT_ERROR:
      return "needs more than 128 MiB of memory";
    case LZMA_FORMAT_ERROR:
      return "not in this format";
    case LZMA_OPTIONS_ERROR:
      return "unsupported options";
    case LZMA_DATA_ERROR:
      return "checksum or structure is wrong";
    case LZMA_BUF_ERROR:
      return "no progress is possible";
    case LZMA_UNSUPPORTED_CHECK:
      return "its checksum is of an unknown kind";
    default:
      return "error in the library";
  }
}

lzma_options_lzma preset(Codec codec, int level) {
  lzma_options_lzma options;
  if (lzma_lzma_preset(&options, static_cast<std::uint32_t>(level)))
    fail_compress(codec, "unsupported level");
  return options;
}

class XzCompressor final : public BlockCompressor {
 public:
  explicit XzCompressor(int level) : options_(preset(Codec::xz, level)) {
    // A window larger than the block finds nothing more and takes memory, up to 674 MiB per worker.
    const auto block = static_cast<std::uint32_t>(block_size({Codec::xz, level}));
    options_.dict_size = std::min(options_.dict_size, block);
  }

  void compress(Bytes block, std::vector<std::byte>& result) override {
    const lzma_filter filters[] = {{LZMA_FILTER_LZMA2, &options_}, {LZMA_VLI_UNKNOWN, nullptr}};
    // Started again on the same state it reuses its memory.
    lzma_ret code = lzma_stream_encoder(&stream_.state, filters, LZMA_CHECK_CRC64);
    if (code != LZMA_OK) fail_compress(Codec::xz, reason(code));
    // The bound is that of the one-call encoder, which does not cut incompressible bytes quite like this one.
    const std::span<std::byte> out = output_.at_least(lzma_stream_buffer_bound(block.size()) + 4096);
    stream_.set(block, out);
    code = lzma_code(&stream_.state, LZMA_FINISH);
    if (code != LZMA_STREAM_END) fail_compress(Codec::xz, reason(code));
    const std::span<std::byte> made = out.first(out.size() - stream_.state.avail_out);
    result.assign(made.begin(), made.end());
  }

 private:
  lzma_options_lzma options_;
  Stream stream_;
  OutputBuffer output_;
};

// The older format. It has no checksum, and its streams cannot follow one another: the file is one stream,
// made by one thread.
class LzmaStream final : public Sink {
 public:
  LzmaStream(int level, std::unique_ptr<Sink> next) : next_(std::move(next)) {
    const lzma_options_lzma options = preset(Codec::lzma, level);
    const lzma_ret code = lzma_alone_encoder(&stream_.state, &options);
    if (code != LZMA_OK) fail_compress(Codec::lzma, reason(code));
  }

  void write(Bytes bytes) override { encode(bytes, LZMA_RUN); }
  void prepare() override {
    end();
    next_->prepare();
  }
  void finish() override {
    end();
    next_->finish();
  }

 private:
  void end() {
    if (!ended_) encode({}, LZMA_FINISH);
    ended_ = true;
  }

  void encode(Bytes in, lzma_action action) {
    if (std::exchange(unusable_, true)) fail_compress(Codec::lzma, "used after an error or its end");
    const std::span<std::byte> out = output_.at_least(256 * 1024);
    bool more = true;
    while (more) {
      stream_.set(in, out);
      const lzma_ret code = lzma_code(&stream_.state, action);
      // LZMA_BUF_ERROR: it asks for input and gets more with the next write.
      if (code != LZMA_OK && code != LZMA_STREAM_END && code != LZMA_BUF_ERROR) {
        fail_compress(Codec::lzma, reason(code));
      }
      in = in.last(stream_.state.avail_in);
      if (stream_.state.avail_out < out.size()) next_->write(out.first(out.size() - stream_.state.avail_out));
      more = action == LZMA_FINISH ? code != LZMA_STREAM_END : !in.empty();
    }
    unusable_ = action == LZMA_FINISH;
  }

  std::unique_ptr<Sink> next_;
  Stream stream_;
  OutputBuffer output_;
  bool unusable_ = false;
  bool ended_ = false;
};

// Both formats.
class XzDecoder final : public Decoder {
 public:
  XzDecoder(Codec codec, std::string name) : codec_(codec), name_(std::move(name)) {}

  Step decode(Bytes in, std::span<std::byte> out) override {
    if (!open_) {
      if (after_stream_ && in.front() == std::byte{0}) return skip_padding(in);
      if (padding_ % 4 != 0) fail_damaged(name_, "xz padding", "its length is no multiple of 4");
      open();
    }
    stream_.set(in, out);
    const lzma_ret code = lzma_code(&stream_.state, LZMA_RUN);
    // LZMA_BUF_ERROR: nothing was left to be put out. The filter notices when that is no good.
    if (code != LZMA_OK && code != LZMA_STREAM_END && code != LZMA_BUF_ERROR) refuse(code);
    const bool complete = code == LZMA_STREAM_END;
    if (complete) {
      open_ = false;
      after_stream_ = true;
    }
    return {in.size() - stream_.state.avail_in, out.size() - stream_.state.avail_out, complete};
  }

  bool may_follow(std::byte first) const override {
    return codec_ == Codec::xz && (first == std::byte{0xfd} || first == std::byte{0});
  }

 private:
  void open() {
    // Without the flag a checksum that liblzma does not know would be skipped in silence.
    const lzma_ret code = codec_ == Codec::xz
                              ? lzma_stream_decoder(&stream_.state, most_memory, LZMA_TELL_UNSUPPORTED_CHECK)
                              : lzma_alone_decoder(&stream_.state, most_memory);
    if (code != LZMA_OK) refuse(code);
    open_ = true;
  }

  // The format allows zeros after a stream, four at a time.
  Step skip_padding(Bytes in) {
    const auto end = std::find_if(in.begin(), in.end(), [](std::byte byte) { return byte != std::byte{0}; });
    const auto n = static_cast<std::size_t>(end - in.begin());
    padding_ += n;
    return {n, 0, padding_ % 4 == 0};
  }

  [[noreturn]] void refuse(lzma_ret code) const {
    if (code == LZMA_MEM_ERROR || code == LZMA_MEMLIMIT_ERROR || code == LZMA_UNSUPPORTED_CHECK) {
      fail(Exit::failed, "decompress {}: {}", name_, reason(code));
    }
    fail_damaged(name_, codec_ == Codec::xz ? "xz stream" : "lzma stream", reason(code));
  }

  Codec codec_;
  std::string name_;
  Stream stream_;
  bool open_ = false;
  bool after_stream_ = false;
  std::uint64_t padding_ = 0;
};

}  // namespace

std::unique_ptr<BlockCompressor> xz_compressor(int level) { return std::make_unique<XzCompressor>(level); }

std::unique_ptr<Decoder> xz_decoder(std::string name) {
  return std::make_unique<XzDecoder>(Codec::xz, std::move(name));
}

std::unique_ptr<Sink> lzma_sink(int level, std::unique_ptr<Sink> next) {
  return std::make_unique<LzmaStream>(level, std::move(next));
}

std::unique_ptr<Decoder> lzma_decoder(std::string name) {
  return std::make_unique<XzDecoder>(Codec::lzma, std::move(name));
}

}  // namespace pitr
