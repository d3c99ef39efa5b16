#include "common/codec/codec.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/codec/codec_internal.h"
#include "common/os/background.h"
#include "common/os/block_pipeline.h"

namespace pitr {
namespace {

struct Row {
  Codec codec;
  std::string_view name, suffix;
  Levels levels;
  int usual;  // the level that 0 stands for
};

// In the order of the enumerators.
constexpr std::array rows = {
    Row{Codec::none, "none", "", {0, 0}, 0},       Row{Codec::gzip, "gzip", ".gz", {1, 9}, 1},
    Row{Codec::zstd, "zstd", ".zst", {1, 22}, 1},  Row{Codec::lz4, "lz4", ".lz4", {1, 12}, 1},
    Row{Codec::bzip2, "bzip2", ".bz2", {1, 9}, 1}, Row{Codec::xz, "xz", ".xz", {1, 9}, 1},
    Row{Codec::lzma, "lzma", ".lzma", {1, 9}, 1},
};

constexpr std::array codecs = [] {
  std::array<Codec, rows.size()> result{};
  for (std::size_t i = 0; i < rows.size(); ++i) result[i] = rows[i].codec;
  return result;
}();

static_assert([] {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (static_cast<std::size_t>(rows[i].codec) != i) return false;
  }
  return true;
}());

const Row& row(Codec codec) { return rows[static_cast<std::size_t>(codec)]; }

int checked_level(Compression compression) {
  const Row& codec = row(compression.codec);
  if (compression.level == 0) return codec.usual;
  if (compression.level < codec.levels.lowest || compression.level > codec.levels.highest) {
    fail(Exit::usage, "compress with {}: level {} is not between {} and {}", codec.name, compression.level,
         codec.levels.lowest, codec.levels.highest);
  }
  return compression.level;
}

class NoneCompressor final : public BlockCompressor {
 public:
  void compress(Bytes block, std::vector<std::byte>& result) override {
    result.assign(block.begin(), block.end());
  }
};

class CompressFilter final : public Sink {
 public:
  CompressFilter(Compression compression, std::size_t workers, std::unique_ptr<Sink> next,
                 BlockObserver observe)
      : compression_(compression),
        next_(std::move(next)),
        observe_(std::move(observe)),
        compressors_(std::max<std::size_t>(workers, 1)),
        pipeline_(
            block_size(compression), compressors_.size(),
            [this](std::size_t worker, Bytes block, std::vector<std::byte>& result) {
              // Made by the worker that needs it: a small file pays for one.
              if (!compressors_[worker]) compressors_[worker] = block_compressor(compression_);
              compressors_[worker]->compress(block, result);
            },
            [this](Bytes block, Bytes result) { store(block, result); }) {}

  void write(Bytes bytes) override { pipeline_.write(bytes); }
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
    if (!ended_) pipeline_.finish();
    ended_ = true;
  }

  void store(Bytes block, Bytes result) {
    next_->write(result);
    if (observe_) observe_({stored_, result.size(), raw_, block.size(), result});
    stored_ += result.size();
    raw_ += block.size();
  }

  Compression compression_;
  std::unique_ptr<Sink> next_;
  BlockObserver observe_;
  std::vector<std::unique_ptr<BlockCompressor>> compressors_;
  std::uint64_t stored_ = 0;
  std::uint64_t raw_ = 0;
  bool ended_ = false;
  BlockPipeline pipeline_;  // the last: its threads end before what they use
};

class DecompressFilter final : public Sink {
 public:
  DecompressFilter(std::unique_ptr<Decoder> decoder, std::string name, std::unique_ptr<Sink> next)
      : decoder_(std::move(decoder)), name_(std::move(name)), next_(std::move(next)) {}

  void write(Bytes in) override {
    begin();
    while (!in.empty()) {
      if (where_ == Where::between && !decoder_->may_follow(in.front())) {
        fail(Exit::damaged, "decompress {}: garbage after the end", name_);
      }
      where_ = Where::inside;
      in = in.subspan(decode(in.first(std::min(in.size(), longest_piece))));
    }
    unusable_ = false;
  }

  void finish() override {
    begin();
    if (where_ == Where::start) fail(Exit::damaged, "decompress {}: is empty", name_);
    if (where_ == Where::inside) fail(Exit::damaged, "decompress {}: ends early", name_);
    next_->finish();
  }

 private:
  enum class Where { start, inside, between };  // of members

  // After an error bytes are missing: a finish() must not make them look whole.
  void begin() {
    if (std::exchange(unusable_, true)) fail(Exit::failed, "decompress {}: used after its end", name_);
  }

  // Decodes until the input is used up or a member is complete; returns how much it took.
  std::size_t decode(Bytes in) {
    // Room for one of our blocks: the libraries then decompress into it and copy nothing. And small, as the
    // next sink has to stop a few bytes that decompress to terabytes.
    const std::span<std::byte> out = output_.at_least(1024 * 1024);
    std::size_t taken = 0;
    bool more = true;
    while (more) {
      const Decoder::Step step = decoder_->decode(in.subspan(taken), out);
      taken += step.taken;
      if (step.made > 0) next_->write(out.first(step.made));
      if (step.complete) {
        where_ = Where::between;
        return taken;
      }
      if (step.taken == 0 && step.made == 0 && taken < in.size())
        fail_damaged(name_, "stream", "no progress");
      // Full output may hide more. But zstd, asked again after the end of a frame, waits for another one:
      // that is why a complete member returns above.
      more = taken < in.size() || step.made == out.size();
    }
    return taken;
  }

  std::unique_ptr<Decoder> decoder_;
  std::string name_;
  std::unique_ptr<Sink> next_;
  OutputBuffer output_;
  Where where_ = Where::start;
  bool unusable_ = false;
};

std::unique_ptr<Decoder> decoder(Codec codec, const std::string& name) {
  switch (codec) {
    case Codec::none:
      break;
    case Codec::gzip:
      return gzip_decoder(name);
    case Codec::zstd:
      return zstd_decoder(name);
    case Codec::lz4:
      return lz4_decoder(name);
    case Codec::bzip2:
      return bzip2_decoder(name);
    case Codec::xz:
      return xz_decoder(name);
    case Codec::lzma:
      return lzma_decoder(name);
  }
  return nullptr;
}

}  // namespace

void fail_damaged(const std::string& name, std::string_view what, std::string_view reason) {
  fail(Exit::damaged, "decompress {}: damaged {} ({})", name, what, reason);
}

void fail_compress(Codec codec, std::string_view reason) {
  fail(Exit::failed, "compress with {}: {}", name(codec), reason);
}

std::span<const Codec> all_codecs() { return codecs; }
std::string_view name(Codec codec) { return row(codec).name; }
std::string_view suffix(Codec codec) { return row(codec).suffix; }
Levels levels(Codec codec) { return row(codec).levels; }

SplitName split_suffix(std::string_view file_name) {
  for (const Row& row : rows) {
    if (row.codec == Codec::none || !file_name.ends_with(row.suffix)) continue;
    return {file_name.substr(0, file_name.size() - row.suffix.size()), row.codec};
  }
  return {file_name, Codec::none};
}

std::optional<Codec> codec_named(std::string_view name) {
  const auto found = std::ranges::find(rows, name, &Row::name);
  if (found == rows.end()) return std::nullopt;
  return found->codec;
}

std::size_t block_size(Compression compression) {
  constexpr std::size_t mebibyte = 1024 * 1024;
  // From level 3 on zstd looks far enough back to gain from a larger block.
  return compression.codec == Codec::zstd && checked_level(compression) >= 3 ? 2 * mebibyte : mebibyte;
}

std::unique_ptr<BlockCompressor> block_compressor(Compression compression) {
  const int level = checked_level(compression);
  switch (compression.codec) {
    case Codec::none:
      return std::make_unique<NoneCompressor>();
    case Codec::gzip:
      return gzip_compressor(level);
    case Codec::zstd:
      return zstd_compressor(level);
    case Codec::lz4:
      return lz4_compressor(level);
    case Codec::bzip2:
      return bzip2_compressor(level);
    case Codec::xz:
      return xz_compressor(level);
    case Codec::lzma:
      break;
  }
  fail(Exit::failed, "compress with lzma: the format has no blocks");
}

std::unique_ptr<Sink> compress(Compression compression, std::size_t workers, std::unique_ptr<Sink> next,
                               BlockObserver observe) {
  const int level = checked_level(compression);
  if (compression.codec == Codec::lzma) return lzma_sink(level, std::move(next));
  if (compression.codec == Codec::none) {
    if (!observe) return next;
    workers = 1;  // copying is not worth a thread
  }
  return std::make_unique<CompressFilter>(compression, workers, std::move(next), std::move(observe));
}

std::unique_ptr<Sink> decompress(Codec codec, std::string name, std::unique_ptr<Sink> next) {
  std::unique_ptr<Decoder> of_codec = decoder(codec, name);
  if (!of_codec) return next;
  return std::make_unique<DecompressFilter>(std::move(of_codec), std::move(name), std::move(next));
}

void decompress_block(Codec codec, const std::string& name, Bytes stored, std::size_t raw_size,
                      std::vector<std::byte>& result) {
  std::size_t made = 0;
  if (const std::unique_ptr<Decoder> of_codec = decoder(codec, name)) {
    result.resize(raw_size + 1);  // room to see that there is more
    for (bool complete = false; !complete;) {
      if (stored.empty()) fail(Exit::damaged, "decompress {}: a block ends early", name);
      const Decoder::Step step = of_codec->decode(stored, std::span(result).subspan(made));
      stored = stored.subspan(step.taken);
      made += step.made;
      complete = step.complete;
      if (made > raw_size || (step.taken == 0 && step.made == 0 && !complete)) break;
    }
  } else {
    result.assign(stored.begin(), stored.end());
    made = std::exchange(stored, {}).size();
  }
  if (made != raw_size || !stored.empty()) {
    fail(Exit::damaged, "decompress {}: a block is not one of {} bytes", name, raw_size);
  }
  result.resize(raw_size);
}

std::unique_ptr<Source> decompressed(Codec codec, const std::string& name, std::unique_ptr<Source> stored) {
  if (codec == Codec::none) return stored;
  // Shared: std::function wants to be copyable.
  const std::shared_ptr<Source> from = std::move(stored);
  return in_background([codec, name, from](Sink& to) {
    const auto filter = decompress(codec, name, std::make_unique<BorrowedSink>(to));
    copy(*from, *filter);
    filter->finish();
  });
}

}  // namespace pitr
