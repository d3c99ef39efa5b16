#include <isa-l/igzip_lib.h>

#include <array>

#include "common/codec/codec_internal.h"

namespace pitr {
namespace {

// Of levels 1 to 3. The library says how much memory each of them works in.
constexpr std::array<std::uint32_t, 3> work_space = {ISAL_DEF_LVL1_DEFAULT, ISAL_DEF_LVL2_DEFAULT,
                                                     ISAL_DEF_LVL3_DEFAULT};

// Gzip members as zlib makes them, at the same size in a seventh of the time. It has no levels above 3.
class IgzipCompressor final : public BlockCompressor {
 public:
  explicit IgzipCompressor(int level)
      : level_(static_cast<std::uint32_t>(level)),
        work_space_size_(work_space.at(static_cast<std::size_t>(level - 1))),
        work_space_(std::make_unique_for_overwrite<std::uint8_t[]>(work_space_size_)) {}

  void compress(Bytes block, std::vector<std::byte>& result) override {
    if (block.size() > longest_piece) fail_compress(Codec::gzip, "block is too large");
    // What cannot be compressed is stored, with 5 bytes before each 64 KiB; header and trailer have 18.
    const std::span<std::byte> out = output_.at_least(block.size() + block.size() / 1024 + 1024);
    isal_zstream stream;
    isal_deflate_stateless_init(&stream);
    stream.level = level_;
    stream.level_buf = work_space_.get();
    stream.level_buf_size = work_space_size_;
    stream.gzip_flag = IGZIP_GZIP;
    stream.end_of_stream = 1;
    // The library does not write to its input.
    stream.next_in = const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(block.data()));
    stream.avail_in = static_cast<std::uint32_t>(block.size());
    stream.next_out = reinterpret_cast<std::uint8_t*>(out.data());
    stream.avail_out = static_cast<std::uint32_t>(out.size());
    const int code = isal_deflate_stateless(&stream);
    if (code != COMP_OK || stream.avail_in != 0)
      fail_compress(Codec::gzip, fmt::format("igzip answers {}", code));
    result.assign(out.begin(), out.begin() + stream.total_out);
  }

 private:
  std::uint32_t level_, work_space_size_;
  std::unique_ptr<std::uint8_t[]> work_space_;
  OutputBuffer output_;
};

}  // namespace

std::unique_ptr<BlockCompressor> igzip_compressor(int level) {
  return std::make_unique<IgzipCompressor>(level);
}

}  // namespace pitr
