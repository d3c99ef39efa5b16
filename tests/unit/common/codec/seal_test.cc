#include "common/codec/seal.h"

#include <doctest/doctest.h>

#include "common/codec/digest.h"

using namespace pitr;

namespace {

std::string compressed(Codec codec, std::string_view text) {
  std::string stored;
  StringSink end(stored);
  const auto sink = compress({codec, 0}, 1, sealed(codec, std::make_unique<BorrowedSink>(end)));
  sink->write(as_bytes(text));
  sink->finish();
  return stored;
}

std::string decompressed_text(Codec codec, std::string_view stored) {
  std::string text;
  StringSink end(text);
  const auto sink = decompress(codec, "f", std::make_unique<BorrowedSink>(end));
  sink->write(as_bytes(stored));
  sink->finish();
  return text;
}

bool is_whole(Codec codec, std::string_view stored) {
  MemorySource source(as_bytes(stored));
  return !seal_damage(codec, source);
}

}  // namespace

TEST_CASE("a sealed file reads as before, and every flipped bit of it is noticed") {
  for (const Codec codec : {Codec::gzip, Codec::zstd, Codec::lz4, Codec::none}) {
    CAPTURE(name(codec));
    const std::string text = "what a meta file holds " + std::string(5000, 'x');
    std::string stored = compressed(codec, text);
    const std::string read = decompressed_text(codec, stored);
    CHECK(read.substr(0, text.size()) == text);
    CHECK(read.size() == (codec == Codec::none ? text.size() + 3 * 512 : text.size()));
    CHECK(is_whole(codec, stored));
    bool all = true;
    for (char& byte : stored) {
      for (int bit = 0; bit < 8; ++bit) {
        byte = static_cast<char>(byte ^ 1 << bit);
        all = all && !is_whole(codec, stored);
        byte = static_cast<char>(byte ^ 1 << bit);
      }
    }
    CHECK(all);
    CHECK_FALSE(is_whole(codec, stored + "x"));
    CHECK_FALSE(is_whole(codec, stored.substr(0, stored.size() - 1)));
    CHECK_FALSE(is_whole(codec, ""));
  }
}

TEST_CASE("a codec that has no place for a seal gets none") {
  for (const Codec codec : {Codec::bzip2, Codec::xz, Codec::lzma}) {
    CAPTURE(name(codec));
    CHECK(seal(codec, sha256_hex({})).empty());
    CHECK(decompressed_text(codec, compressed(codec, "text")) == "text");
    CHECK(is_whole(codec, "anything"));
  }
}
