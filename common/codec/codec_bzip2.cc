#include <bzlib.h>

#include "common/codec/codec_internal.h"

namespace pitr {
namespace {

// The library takes input as char*, but does not write to it.
char* input(Bytes bytes) { return const_cast<char*>(reinterpret_cast<const char*>(bytes.data())); }
char* output(std::span<std::byte> bytes) { return reinterpret_cast<char*>(bytes.data()); }

// bzlib has no texts of its own for these.
std::string_view reason(int code) {
  switch (code) {
    case BZ_MEM_ERROR:
      return "not enough memory";
    case BZ_DATA_ERROR:
      return "checksum or structure is wrong";
    case BZ_DATA_ERROR_MAGIC:
      return "not in bzip2 format";
    case BZ_CONFIG_ERROR:
      return "the library was built wrongly";
    default:
      return "error in the library";
  }
}

// The library cannot reuse a state: each block makes a new one.
class Bzip2Compressor final : public BlockCompressor {
 public:
  explicit Bzip2Compressor(int level) : level_(level) {}

  void compress(Bytes block, std::vector<std::byte>& result) override {
    if (block.size() > longest_piece) fail_compress(Codec::bzip2, "block is too large");
    const std::size_t bound = block.size() + block.size() / 100 + 600 + 1;  // from its manual
    const std::span<std::byte> out = output_.at_least(bound);
    auto n = static_cast<unsigned int>(out.size());
    const auto size = static_cast<unsigned int>(block.size());
    const int code = BZ2_bzBuffToBuffCompress(output(out), &n, input(block), size, level_, 0, 0);
    if (code != BZ_OK) fail_compress(Codec::bzip2, reason(code));
    result.assign(out.begin(), out.begin() + n);
  }

 private:
  int level_;
  OutputBuffer output_;
};

class Bzip2Decoder final : public Decoder {
 public:
  explicit Bzip2Decoder(std::string name) : name_(std::move(name)) {}
  ~Bzip2Decoder() override { close(); }
  Bzip2Decoder(const Bzip2Decoder&) = delete;
  Bzip2Decoder& operator=(const Bzip2Decoder&) = delete;

  Step decode(Bytes in, std::span<std::byte> out) override {
    if (!open_) open();
    stream_.next_in = input(in);
    stream_.avail_in = static_cast<unsigned int>(in.size());
    stream_.next_out = output(out);
    stream_.avail_out = static_cast<unsigned int>(out.size());
    const int code = BZ2_bzDecompress(&stream_);
    if (code == BZ_MEM_ERROR) fail(Exit::failed, "decompress {}: {}", name_, reason(code));
    if (code != BZ_OK && code != BZ_STREAM_END) fail_damaged(name_, "bzip2 stream", reason(code));
    const Step step{in.size() - stream_.avail_in, out.size() - stream_.avail_out, code == BZ_STREAM_END};
    if (step.complete) close();
    return step;
  }

  bool may_follow(std::byte first) const override { return first == std::byte{'B'}; }

 private:
  void open() {
    stream_ = {};
    const int code = BZ2_bzDecompressInit(&stream_, 0, 0);
    if (code != BZ_OK) fail(Exit::failed, "decompress {}: {}", name_, reason(code));
    open_ = true;
  }
  void close() {
    if (open_) BZ2_bzDecompressEnd(&stream_);
    open_ = false;
  }

  std::string name_;
  bz_stream stream_{};
  bool open_ = false;
};

}  // namespace

std::unique_ptr<BlockCompressor> bzip2_compressor(int level) {
  return std::make_unique<Bzip2Compressor>(level);
}

std::unique_ptr<Decoder> bzip2_decoder(std::string name) {
  return std::make_unique<Bzip2Decoder>(std::move(name));
}

}  // namespace pitr
