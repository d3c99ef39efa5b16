#include "common/codec/seal.h"

#include <vector>

#include "common/codec/digest.h"

namespace pitr {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t sha256_length = 64;

class Sealed final : public Sink {
 public:
  Sealed(Codec codec, std::unique_ptr<Sink> next) : codec_(codec), next_(std::move(next)) {}
  void write(Bytes bytes) override {
    digest_.update(bytes);
    next_->write(bytes);
  }
  void finish() override {
    const std::string text = seal(codec_, digest_.hex());
    if (!text.empty()) next_->write(as_bytes(text));
    next_->finish();
  }

 private:
  Codec codec_;
  std::unique_ptr<Sink> next_;
  Digest digest_{"SHA-256"};
};

std::string skippable_frame(const std::string& text) {
  std::string frame = "\x50\x2a\x4d\x18";
  for (int shift = 0; shift < 32; shift += 8) frame += static_cast<char>(text.size() >> shift);
  return frame + text;
}

}  // namespace

std::string seal(Codec codec, std::string_view sha256) {
  const std::string text = fmt::format("SHA-256: {}\n", sha256);
  switch (codec) {
    case Codec::gzip: {
      // RFC 1952: a header with a comment, one empty block, CRC-32 and length 0.
      std::string member("\x1f\x8b\x08\x10\0\0\0\0\0\xff"sv);
      member += text;
      member += '\0';
      return member.append("\x03\0\0\0\0\0\0\0\0\0"sv);
    }
    case Codec::zstd:
    case Codec::lz4:
      return skippable_frame(text);
    case Codec::none: {
      constexpr std::size_t block = 512;
      // Not by resize(): gcc 12 then warns of a write that is none.
      return text + std::string(3 * block - text.size(), '\0');
    }
    case Codec::bzip2:
    case Codec::xz:
    case Codec::lzma:
      return {};
  }
  return {};
}

std::unique_ptr<Sink> sealed(Codec codec, std::unique_ptr<Sink> next) {
  return std::make_unique<Sealed>(codec, std::move(next));
}

std::optional<std::string> seal_damage(Codec codec, Source& stored) {
  const std::size_t length = seal(codec, std::string(sha256_length, '0')).size();
  if (length == 0) return std::nullopt;
  // The last `length` bytes are held back: only at the end it is known that they are the last ones.
  std::string held;
  Digest digest("SHA-256");
  std::vector<std::byte> buffer(256 * 1024);
  while (const std::size_t n = stored.read(buffer)) {
    held.append(reinterpret_cast<const char*>(buffer.data()), n);
    if (held.size() <= length) continue;
    digest.update(as_bytes(held).first(held.size() - length));
    held.erase(0, held.size() - length);
  }
  if (held == seal(codec, digest.hex())) return std::nullopt;
  return "the SHA-256 at its end is not that of the bytes before it";
}

}  // namespace pitr
