#include "common/codec/codec.h"

#include <cstdlib>

#include <algorithm>
#include <fstream>

#include <doctest/doctest.h>

#include "tests/unit/codec_samples.h"

using namespace pitr;
using namespace pitr::codec_samples;
using namespace std::string_literals;

namespace {

// The message of the Error, "" when there was none.
std::string refusal(Codec codec, std::string_view stored, std::size_t piece = 256 * 1024,
                    Exit code = Exit::damaged) {
  try {
    decompressed(codec, stored, piece);
    return {};
  } catch (const Error& error) {
    CHECK(error.code() == code);
    return error.what();
  }
}

std::string skippable_frame(std::string_view content) {
  std::string frame = "\x5a\x2a\x4d\x18"s;
  for (int shift = 0; shift < 32; shift += 8) frame += static_cast<char>(content.size() >> shift);
  return frame.append(content);
}

std::size_t resident_memory() {
  std::ifstream statm("/proc/self/statm");
  std::size_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * 4096;
}

struct Free {
  void operator()(std::byte* bytes) const { std::free(bytes); }
};

// One member that stands for a GiB of zeros; for the codecs that take long to make it, 128 MiB.
std::string bomb(Codec codec) {
  const bool fast = codec == Codec::gzip || codec == Codec::zstd || codec == Codec::lz4;
  const std::size_t size = (fast ? 1024 : 128) * mebibyte;
  const std::unique_ptr<std::byte, Free> zeros(static_cast<std::byte*>(std::calloc(size, 1)));
  REQUIRE(zeros != nullptr);
  const Bytes raw{zeros.get(), size};
  if (codec == Codec::lzma) return compressed({codec}, text(raw));
  std::vector<std::byte> result;
  block_compressor({codec})->compress(raw, result);
  return std::string(text(result));
}

// Takes 16 MiB.
class FullSink final : public Sink {
 public:
  explicit FullSink(std::size_t& received, std::size_t& largest, std::size_t& memory)
      : received_(received), largest_(largest), memory_(memory) {}
  void write(Bytes bytes) override {
    received_ += bytes.size();
    largest_ = std::max(largest_, bytes.size());
    if (received_ < 16 * mebibyte) return;
    memory_ = resident_memory();
    fail(Exit::failed, "write f: too much");
  }
  void finish() override {}

 private:
  std::size_t &received_, &largest_, &memory_;
};

}  // namespace

TEST_CASE("a file cut at any byte is refused") {
  for (const Codec codec : real_codecs()) {
    const std::string raw = sample(700);
    const std::string stored = compressed({codec}, raw);
    CHECK(refusal(codec, stored).empty());
    CHECK(refusal(codec, "") == "decompress f: is empty");
    for (std::size_t n = 1; n < stored.size(); ++n) {
      CAPTURE(name(codec));
      CAPTURE(n);
      CHECK(refusal(codec, stored.substr(0, n)) == "decompress f: ends early");
      CHECK(refusal(codec, stored.substr(0, n), 1) == "decompress f: ends early");
      if (codec != Codec::lzma)
        CHECK(refusal(codec, stored + stored.substr(0, n)) == "decompress f: ends early");
    }
  }
}

TEST_CASE("a cut empty file is refused") {
  for (const Codec codec : real_codecs()) {
    const std::string stored = compressed({codec}, "");
    CHECK(refusal(codec, stored).empty());
    for (std::size_t n = 0; n < stored.size(); ++n) CHECK(refusal(codec, stored.substr(0, n)) != "");
  }
}

// lzma has no checksum: a flipped bit gives other bytes, and nothing in the file can tell.
TEST_CASE("a flipped bit never gives wrong bytes without an error") {
  for (const Codec codec : real_codecs()) {
    if (codec == Codec::lzma) continue;
    for (const std::string& raw : {sample(700), std::string("a"), std::string(5000, 'z')}) {
      std::string stored = compressed({codec}, raw);
      std::size_t unnoticed = 0;
      for (std::size_t bit = 0; bit < 8 * stored.size(); ++bit) {
        const auto mask = static_cast<char>(1 << bit % 8);
        stored[bit / 8] = static_cast<char>(stored[bit / 8] ^ mask);
        std::string result;
        try {
          feed(*decompress(codec, "f", std::make_unique<StringSink>(result)), stored, 1000);
          ++unnoticed;
          CAPTURE(name(codec));
          CAPTURE(bit);
          CHECK((result == raw));
        } catch (const Error& error) {
          CHECK(std::string(error.what()).starts_with("decompress f: "));
        }
        stored[bit / 8] = static_cast<char>(stored[bit / 8] ^ mask);
      }
      // Some bits mean nothing for the bytes: gzip's time, codes that no symbol has, equal matches.
      CHECK(unnoticed < 8 * stored.size() / 2);
    }
  }
}

TEST_CASE("every codec whose format has a checksum at the end writes it and looks at it") {
  const std::pair<Codec, std::size_t> sizes[] = {{Codec::gzip, 8}, {Codec::zstd, 4}, {Codec::lz4, 4}};
  for (const auto& [codec, size] : sizes) {
    std::string stored = compressed({codec}, sample(700));
    for (std::size_t i = stored.size() - size; i < stored.size(); ++i) {
      stored[i] = static_cast<char>(stored[i] ^ 1);
      CHECK(refusal(codec, stored).starts_with("decompress f: damaged "));
      stored[i] = static_cast<char>(stored[i] ^ 1);
    }
    CHECK(refusal(codec, stored).empty());
  }
}

TEST_CASE("garbage after the end is refused") {
  for (const Codec codec : real_codecs()) {
    const std::string stored = compressed({codec}, sample(700));
    const std::string garbage[] = {"\0"s,
                                   "x",
                                   "\n",
                                   "garbage behind it",
                                   std::string(513, '\0'),
                                   stored.substr(0, 1),
                                   stored.substr(0, 2) + "garbage"};
    for (const std::string& tail : garbage) {
      CAPTURE(name(codec));
      CAPTURE(tail);
      CHECK(refusal(codec, stored + tail) != "");
      CHECK(refusal(codec, stored + tail, 1) != "");
      CHECK(refusal(codec, stored + tail, stored.size()) != "");
    }
    CHECK(refusal(codec, stored + "garbage") == "decompress f: garbage after the end");
    // xz allows zeros, four at a time.
    if (codec != Codec::xz)
      CHECK(refusal(codec, stored + "\0\0\0\0"s) == "decompress f: garbage after the end");
  }
  const std::string lzma = compressed({Codec::lzma}, "abc");
  CHECK(refusal(Codec::lzma, lzma + lzma) == "decompress f: garbage after the end");
}

TEST_CASE("damage is told with the name of the file and the reason of the library") {
  const std::pair<Codec, std::string> wanted[] = {
      {Codec::gzip, "decompress f: damaged gzip member (incorrect header check)"},
      {Codec::zstd, "decompress f: damaged zstd frame (unknown magic)"},
      {Codec::lz4, "decompress f: damaged lz4 frame (ERROR_frameType_unknown)"},
      {Codec::bzip2, "decompress f: damaged bzip2 stream (not in bzip2 format)"},
      {Codec::xz, "decompress f: damaged xz stream (not in this format)"},
      {Codec::lzma, "decompress f: damaged lzma stream (not in this format)"}};
  for (const auto& [codec, message] : wanted) {
    CHECK(refusal(codec, "\xff this is no compressed file at all") == message);
    CHECK(refusal(codec, std::string(100, '\xff')) == message);
  }
}

TEST_CASE("the file of one codec is damaged for every other") {
  for (const Codec writer : real_codecs()) {
    const std::string stored = compressed({writer}, sample(5000));
    // lzma takes some of them for a file that wants very much memory.
    const auto reads = [&](Codec reader) {
      try {
        decompressed(reader, stored, 100);
        return true;
      } catch (const Error&) {
        return false;
      }
    };
    for (const Codec reader : real_codecs()) CHECK(reads(reader) == (reader == writer));
  }
}

TEST_CASE("after an error a decompression cannot be finished") {
  for (const Codec codec : real_codecs()) {
    std::string result;
    const std::string stored = compressed({codec}, "abc");
    const std::unique_ptr<Sink> sink = decompress(codec, "f", std::make_unique<StringSink>(result));
    sink->write(as_bytes(stored));
    CHECK_THROWS_AS(sink->write(as_bytes("garbage")), Error);
    CHECK_THROWS_AS(sink->finish(), Error);
    CHECK_THROWS_AS(sink->write(as_bytes(stored)), Error);
  }
}

TEST_CASE("after an error or its end a compression cannot go on") {
  for (const Codec codec : real_codecs()) {
    std::size_t received = 16 * mebibyte, largest = 0, memory = 0;  // nothing more fits
    const auto full = [&] { return std::make_unique<FullSink>(received, largest, memory); };
    const std::unique_ptr<Sink> sink = compress({codec}, 1, full());
    CHECK_THROWS_WITH_AS(feed(*sink, "abc", 3), "write f: too much", Error);
    CHECK_THROWS_AS(sink->write(as_bytes("abc")), Error);
    const std::size_t then = received;
    CHECK_THROWS_AS(sink->finish(), Error);
    CHECK(received == then);
    const std::unique_ptr<Sink> ended = compress({codec}, 1, std::make_unique<NullSink>());
    ended->finish();
    CHECK_THROWS_AS(ended->write(as_bytes("abc")), Error);
  }
}

TEST_CASE("skippable frames are skipped wherever they stand") {
  for (const Codec codec : {Codec::zstd, Codec::lz4}) {
    const std::string a = compressed({codec}, "one "), b = compressed({codec}, "two");
    for (const std::string& skip :
         {skippable_frame("index"), skippable_frame(""), skippable_frame(sample(70000))}) {
      for (const std::size_t piece : {std::size_t{1}, std::size_t{1} << 20}) {
        CHECK(decompressed(codec, skip + a + skip + skip + b + skip, piece) == "one two");
        const std::string cut = skip.substr(0, skip.size() - 1);
        CHECK(refusal(codec, a + cut, piece) == "decompress f: ends early");
        CHECK(refusal(codec, cut, piece) == "decompress f: ends early");
      }
    }
  }
}

TEST_CASE("zstd's formats from before 1.0 are refused, however the file is cut into pieces") {
  const std::string ours = compressed({Codec::zstd}, "text");
  for (const int version : {0x1E, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27}) {
    std::string old = "\xFF\xB5\x2F\xFD\x04\xEA\xFF\x7E";  // 0.6: an empty frame
    old[0] = static_cast<char>(version);
    for (const std::size_t piece : {100, 8, 5, 4, 1}) {
      CAPTURE(version);
      CAPTURE(piece);
      CHECK(refusal(Codec::zstd, old, piece) == "decompress f: damaged zstd frame (unknown magic)");
      CHECK(refusal(Codec::zstd, ours + old, piece) == "decompress f: garbage after the end");
      CHECK(refusal(Codec::zstd, skippable_frame("x") + old, piece) == "decompress f: garbage after the end");
    }
  }
}

TEST_CASE("xz takes padding after a stream, four bytes at a time") {
  const std::string a = compressed({Codec::xz}, "one "), b = compressed({Codec::xz}, "two");
  const std::string four(4, '\0'), many(40000, '\0');
  for (const std::size_t piece : {1, 3, 100000}) {
    CHECK(decompressed(Codec::xz, a + four + b + many, piece) == "one two");
    CHECK(decompressed(Codec::xz, a + many + b, piece) == "one two");
    CHECK(refusal(Codec::xz, a + std::string(3, '\0') + b, piece) ==
          "decompress f: damaged xz padding (its length is no multiple of 4)");
    CHECK(refusal(Codec::xz, a + std::string(6, '\0'), piece) == "decompress f: ends early");
    CHECK(refusal(Codec::xz, four + a, piece) == "decompress f: damaged xz stream (not in this format)");
    CHECK(refusal(Codec::xz, a + four + "x", piece) == "decompress f: garbage after the end");
  }
}

TEST_CASE("a file that wants too much memory is not called damaged") {
  const std::string zstd = "\x28\xb5\x2f\xfd\x00\x90"s;  // a window of 256 MiB
  CHECK(refusal(Codec::zstd, zstd + "0123456789", 100, Exit::failed) ==
        "decompress f: Frame requires too much memory for decoding");
  const std::string lzma = "\x5d\0\0\0\x40"s + std::string(8, '\xff');  // a window of 1 GiB
  CHECK(refusal(Codec::lzma, lzma + "0123456789", 100, Exit::failed) ==
        "decompress f: needs more than 128 MiB of memory");
}

TEST_CASE("an xz file whose checksum is of an unknown kind is refused") {
  const std::string header = "\xfd\x37\x7a\x58\x5a\x00\x00\x02\xd3\x73\xd7\xaf"s;
  CHECK(refusal(Codec::xz, header, 100, Exit::failed) == "decompress f: its checksum is of an unknown kind");
}

TEST_CASE("a few bytes that stand for very many are stopped by the next sink, in little memory") {
  for (const Codec codec : real_codecs()) {
    const std::string stored = bomb(codec);
    CAPTURE(name(codec));
    CHECK(stored.size() < 16 * mebibyte);
    std::size_t received = 0, largest = 0, memory = 0;
    const std::size_t before = resident_memory();
    const std::unique_ptr<Sink> sink =
        decompress(codec, "f", std::make_unique<FullSink>(received, largest, memory));
    CHECK_THROWS_WITH_AS(sink->write(as_bytes(stored)), "write f: too much", Error);
    CHECK(received == 16 * mebibyte);
    CHECK(largest <= mebibyte);
    CHECK(memory > 0);
    CHECK(memory < before + 32 * mebibyte);
  }
}
