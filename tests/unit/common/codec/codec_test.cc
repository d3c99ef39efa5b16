#include "common/codec/codec.h"

#include <lzma.h>

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "common/process/process.h"
#include "tests/unit/codec_samples.h"
#include "tests/unit/scratch.h"

using namespace pitr;
using namespace pitr::codec_samples;

namespace {

using Words = std::vector<std::string>;

// How people call the tool of a codec.
Words tool(Codec codec, Words options) {
  Words words = {"xz", "--format=lzma"};
  if (codec != Codec::lzma) words = {std::string(name(codec))};
  words.insert(words.end(), options.begin(), options.end());
  return words;
}

// What a program makes of `input`.
std::string through(const Words& program, std::string_view input) {
  const Scratch scratch;
  const std::string in = scratch.write("in", input);
  const std::string out = scratch / "out";
  Words words = {"sh", "-c", "in=$1; out=$2; shift 2; exec \"$@\" <\"$in\" >\"$out\"", "sh", in, out};
  words.insert(words.end(), program.begin(), program.end());
  CAPTURE(program);
  CHECK(run(words, "/") == 0);
  return text_of(out);
}

bool have_tool(Codec codec) {
  const std::string word = tool(codec, {}).front();
  if (run({"sh", "-c", "command -v \"$1\" >/dev/null", "sh", word}, "/") == 0) return true;
  MESSAGE("skipped: there is no ", word);
  return false;
}

// A file of the LZMA SDK, which xz cannot make: the header states the size and no end marker follows.
std::string lzma_of_stated_size(std::string_view raw) {
  lzma_options_lzma options{};
  REQUIRE_FALSE(lzma_lzma_preset(&options, 1));
  options.ext_size_low = static_cast<std::uint32_t>(raw.size());
  const lzma_filter filters[] = {{LZMA_FILTER_LZMA1EXT, &options}, {LZMA_VLI_UNKNOWN, nullptr}};
  std::string file(raw.size() + 1000, '\0');
  auto* const out = reinterpret_cast<std::uint8_t*>(file.data());
  REQUIRE(lzma_properties_encode(filters, out) == LZMA_OK);  // five bytes, then the size in eight
  for (std::size_t i = 0; i < 8; ++i) out[5 + i] = static_cast<std::uint8_t>(raw.size() >> 8 * i);
  std::size_t size = 13;
  const auto* const in = reinterpret_cast<const std::uint8_t*>(raw.data());
  REQUIRE(lzma_raw_buffer_encode(filters, nullptr, in, raw.size(), out, &size, file.size()) == LZMA_OK);
  file.resize(size);
  return file;
}

}  // namespace

TEST_CASE("the names of codecs and their suffixes lead back to them") {
  const std::string_view suffixes[] = {"", ".gz", ".zst", ".lz4", ".bz2", ".xz", ".lzma"};
  const std::string_view names[] = {"none", "gzip", "zstd", "lz4", "bzip2", "xz", "lzma"};
  REQUIRE(all_codecs().size() == std::size(names));
  for (std::size_t i = 0; i < std::size(names); ++i) {
    CHECK(name(all_codecs()[i]) == names[i]);
    CHECK(suffix(all_codecs()[i]) == suffixes[i]);
    CHECK(codec_named(names[i]) == all_codecs()[i]);
  }
  for (const std::string_view wrong : {"", "gz", "Zstd", "zst", "zstd ", "lz", ".gz", "NONE"}) {
    CHECK_FALSE(codec_named(wrong));
  }
}

TEST_CASE("a level that a codec does not take is refused, every other works") {
  for (const Codec codec : all_codecs()) {
    const auto [lowest, highest] = levels(codec);
    std::vector<int> wrong = {lowest - 1, highest + 1};
    std::erase(wrong, 0);
    for (const int level : wrong) {
      CHECK_THROWS_AS(compress({codec, level}, 1, std::make_unique<NullSink>()), Error);
      CHECK_THROWS_AS(block_compressor({codec, level}), Error);
    }
    const std::string raw = sample(3000);
    for (int level = lowest; level <= highest; ++level) {
      CHECK(decompressed(codec, compressed({codec, level}, raw)) == raw);
    }
  }
  CHECK(block_size({Codec::zstd, 0}) == mebibyte);
  CHECK(block_size({Codec::zstd, 2}) == mebibyte);
  CHECK(block_size({Codec::zstd, 3}) == 2 * mebibyte);
}

TEST_CASE("what is compressed comes back, for every codec, size and number of workers") {
  for (const Codec codec : all_codecs()) {
    const std::size_t block = block_size({codec});
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, block - 1, block, block + 1, 5 * block + 7}) {
      const std::string raw = sample(size);
      for (const std::size_t workers : {1, 4}) {
        const std::string stored = compressed({codec}, raw, workers);
        CAPTURE(name(codec));
        CAPTURE(size);
        CAPTURE(workers);
        CHECK((decompressed(codec, stored) == raw));
        CHECK((workers == 1 || stored == compressed({codec}, raw, 1)));
      }
    }
  }
}

TEST_CASE("bytes that cannot be compressed come back too") {
  const std::string raw = incompressible(2 * mebibyte + 9);
  for (const Codec codec : all_codecs()) {
    const std::string stored = compressed({codec}, raw);
    CHECK((decompressed(codec, stored) == raw));
    CHECK(stored.size() < raw.size() + raw.size() / 50);
  }
  // Two libraries make gzip, and one of them is told in advance how much it may write.
  for (int level = 1; level <= 9; ++level) {
    CHECK((decompressed(Codec::gzip, compressed({Codec::gzip, level}, raw)) == raw));
  }
}

TEST_CASE("the observer sees every block where it lies in the file and in the stream") {
  for (const Codec codec : all_codecs()) {
    if (codec == Codec::lzma) continue;  // has no blocks: see the next test
    for (const std::size_t workers : {1, 4}) {
      const std::size_t block = block_size({codec});
      const std::string raw = sample(4 * block + 5);
      std::vector<StoredBlock> blocks;
      std::string concatenated;
      const std::string stored = compressed({codec}, raw, workers, [&](const StoredBlock& stored_block) {
        blocks.push_back(stored_block);
        concatenated += text(stored_block.bytes);
      });
      REQUIRE(blocks.size() == 5);
      CHECK((concatenated == stored));
      std::uint64_t stored_offset = 0, raw_offset = 0;
      for (const StoredBlock& b : blocks) {
        CHECK(b.stored_offset == stored_offset);
        CHECK(b.raw_offset == raw_offset);
        const std::string alone = decompressed(codec, stored.substr(b.stored_offset, b.stored_size));
        CHECK((alone == raw.substr(b.raw_offset, b.raw_size)));
        stored_offset += b.stored_size;
        raw_offset += b.raw_size;
      }
      CHECK(stored_offset == stored.size());
      CHECK(raw_offset == raw.size());
    }
  }
}

TEST_CASE("a block is decompressed in one step, and is one of the stated size or refused") {
  std::vector<std::byte> result;
  const auto refused = [&](Codec codec, const std::string& stored, std::size_t size) {
    CHECK_THROWS_AS(decompress_block(codec, "f", as_bytes(stored), size, result), Error);
  };
  for (const Codec codec : all_codecs()) {
    if (codec == Codec::lzma) continue;
    CAPTURE(name(codec));
    const std::unique_ptr<BlockCompressor> compressor = block_compressor({codec});
    for (const std::string& raw :
         {sample(block_size({codec})), incompressible(300000), sample(70), std::string("a")}) {
      std::vector<std::byte> made;
      compressor->compress(as_bytes(raw), made);
      const std::string stored(text(made));
      decompress_block(codec, "f", made, raw.size(), result);
      CHECK((text(result) == raw));
      refused(codec, stored, raw.size() - 1);
      refused(codec, stored, raw.size() + 1);
      refused(codec, stored.substr(0, stored.size() - 1), raw.size());
      refused(codec, stored + stored, raw.size());
      refused(codec, stored + "x", raw.size());
      refused(codec, "", raw.size());
    }
  }
}

TEST_CASE("lzma has no blocks") {
  int calls = 0;
  const std::string raw = sample(3 * mebibyte);
  CHECK((decompressed(Codec::lzma, compressed({Codec::lzma}, raw, 4, [&](const StoredBlock&) { ++calls; })) ==
         raw));
  CHECK(calls == 0);
  CHECK_THROWS_AS(block_compressor({Codec::lzma}), Error);
}

TEST_CASE("a block compressor can be used again and replaces what was in the result") {
  for (const Codec codec : all_codecs()) {
    if (codec == Codec::lzma) continue;
    const std::unique_ptr<BlockCompressor> compressor = block_compressor({codec});
    std::vector<std::byte> first, result;
    compressor->compress(as_bytes("abc"), first);
    for (const std::string& raw : {sample(100000), incompressible(3000), std::string(), std::string("abc")}) {
      compressor->compress(as_bytes(raw), result);
      CHECK((decompressed(codec, text(result)) == raw));
    }
    CHECK(result == first);
  }
}

TEST_CASE("zstd frames say how many bytes they hold") {
  for (const std::size_t size : {std::size_t{1}, std::size_t{700}, mebibyte}) {
    CHECK((compressed({Codec::zstd}, sample(size))[4] & 0xe0) != 0);  // the header's size flags
  }
}

TEST_CASE("compress finishes the next sink only after everything is written") {
  struct Last final : Sink {
    explicit Last(std::size_t& size) : size_at_finish(size) {}
    void write(Bytes bytes) override { written += bytes.size(); }
    void finish() override { size_at_finish = written; }
    std::size_t written = 0;
    std::size_t& size_at_finish;
  };
  for (const Codec codec : all_codecs()) {
    const std::string raw = sample(3 * mebibyte);
    const std::string stored = compressed({codec}, raw);
    std::size_t size = 0;
    const std::unique_ptr<Sink> filter = compress({codec}, 4, std::make_unique<Last>(size));
    filter->write(as_bytes(raw));
    CHECK(size == 0);
    filter->finish();
    CHECK(size == stored.size());
    size = 0;
    feed(*decompress(codec, "f", std::make_unique<Last>(size)), stored, 1000);
    CHECK(size == raw.size());
  }
}

TEST_CASE("a compressor that is prepared has written everything, and publishes nothing yet") {
  struct Last final : Sink {
    Last(std::string& bytes, bool& is_finished) : stored(bytes), finished(is_finished) {}
    void write(Bytes bytes) override { StringSink(stored).write(bytes); }
    void prepare() override { stored += "|"; }
    void finish() override { finished = true; }
    std::string& stored;
    bool& finished;
  };
  const std::string raw = sample(2 * mebibyte + 5);
  for (const Codec codec : all_codecs()) {
    CAPTURE(name(codec));
    std::string stored;
    bool finished = false;
    const std::unique_ptr<Sink> filter = compress({codec}, 2, std::make_unique<Last>(stored, finished));
    filter->write(as_bytes(raw));
    filter->prepare();
    CHECK_FALSE(finished);
    CHECK(stored == compressed({codec}, raw) + "|");
    filter->finish();
    CHECK(finished);
    CHECK(stored == compressed({codec}, raw) + "|");
  }
}

TEST_CASE("writing in pieces of one byte works in both directions") {
  for (const Codec codec : all_codecs()) {
    const std::string raw = sample(40000);
    const std::string stored = compressed({codec}, raw, 1, {}, 1);
    CHECK((stored == compressed({codec}, raw)));
    CHECK((decompressed(codec, stored, 1) == raw));
    const bool concatenates = codec != Codec::lzma;
    if (concatenates) CHECK((decompressed(codec, stored + stored + stored, 1) == raw + raw + raw));
  }
}

TEST_CASE("the tool of each codec reads what we write and we read what it writes") {
  for (const Codec codec : real_codecs()) {
    if (!have_tool(codec)) continue;
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, 3 * mebibyte + 5}) {
      const std::string raw = sample(size);
      CHECK((through(tool(codec, {"-dc"}), compressed({codec}, raw, 4)) == raw));
      for (const std::string level : {"-1", "-9"}) {
        const std::string stored = through(tool(codec, {level, "-c"}), raw);
        CHECK((decompressed(codec, stored) == raw));
      }
    }
  }
}

TEST_CASE("we read what the tools write with unusual options") {
  struct Case {
    Codec codec;
    Words program;
  };
  const std::vector<Case> cases = {{Codec::zstd, {"zstd", "-c", "--no-check"}},
                                   {Codec::zstd, {"zstd", "-c", "--ultra", "-22"}},
                                   {Codec::zstd, {"zstd", "-c", "--long=27"}},
                                   {Codec::lz4, {"lz4", "-cq", "-B4", "-BD", "--no-frame-crc"}},
                                   {Codec::lz4, {"lz4", "-cq", "-BX", "--content-size"}},
                                   {Codec::xz, {"xz", "-c", "--check=sha256"}},
                                   {Codec::xz, {"xz", "-c", "--check=none"}},
                                   {Codec::xz, {"xz", "-c", "--block-size=100000", "--x86", "--lzma2"}},
                                   {Codec::gzip, {"gzip", "-c", "--rsyncable"}}};
  const std::string raw = sample(700000);
  for (const Case& c : cases) {
    if (have_tool(c.codec)) CHECK((decompressed(c.codec, through(c.program, raw)) == raw));
  }
}

// The sizes lie just above what a decompression puts out at a time: the last byte of input is taken while
// output is still held back.
TEST_CASE("an lzma file that states its size and has no end marker is read to its end") {
  for (const std::string& raw :
       {std::string(mebibyte + 1, 'a'), std::string(mebibyte + 5, 'b'), sample(1200000)}) {
    const std::string stored = lzma_of_stated_size(raw);
    for (const std::size_t piece : {1, 1000, 1000000})
      CHECK((decompressed(Codec::lzma, stored, piece) == raw));
    CHECK_THROWS_AS(decompressed(Codec::lzma, stored.substr(0, stored.size() - 1)), Error);
    CHECK_THROWS_AS(decompressed(Codec::lzma, stored + "x"), Error);
  }
}
