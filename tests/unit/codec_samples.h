#pragma once

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "common/codec/codec.h"

// What the tests of the codecs share.
namespace pitr::codec_samples {

constexpr std::size_t mebibyte = 1024 * 1024;

inline std::string_view text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Compressible like WAL is: random stretches between repeated ones.
inline std::string sample(std::size_t size) {
  std::mt19937 random(4711);
  std::string result(size, '\0');
  for (std::size_t i = 0; i < size; ++i) {
    result[i] = i % 512 < 128 ? static_cast<char>(random()) : static_cast<char>(i / 512);
  }
  return result;
}

inline std::string incompressible(std::size_t size) {
  std::mt19937 random(815);
  std::string result(size, '\0');
  std::ranges::generate(result, [&random] { return static_cast<char>(random()); });
  return result;
}

// Every codec that changes the bytes.
inline std::vector<Codec> real_codecs() {
  std::vector<Codec> result(all_codecs().begin(), all_codecs().end());
  std::erase(result, Codec::none);
  return result;
}

inline void feed(Sink& sink, std::string_view bytes, std::size_t piece) {
  for (std::size_t i = 0; i < bytes.size(); i += piece) sink.write(as_bytes(bytes.substr(i, piece)));
  sink.finish();
}

inline std::string compressed(Compression compression, std::string_view raw, std::size_t workers = 1,
                              BlockObserver observe = {}, std::size_t piece = 256 * 1024) {
  std::string result;
  feed(*compress(compression, workers, std::make_unique<StringSink>(result), std::move(observe)), raw, piece);
  return result;
}

inline std::string decompressed(Codec codec, std::string_view stored, std::size_t piece = 256 * 1024) {
  std::string result;
  feed(*decompress(codec, "f", std::make_unique<StringSink>(result)), stored, piece);
  return result;
}

}  // namespace pitr::codec_samples
