#include "common/codec/digest.h"

// The functions of each algorithm, and not EVP: that one takes an algorithm by its name and so brings all of
// libcrypto along, and a program that a server starts for every segment would start a third slower.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/md5.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>

namespace pitr {
namespace {

union Context {
  MD5_CTX md5;
  SHA_CTX sha1;
  SHA256_CTX sha256;
  SHA512_CTX sha512;
};

struct Algorithm {
  std::string_view name;
  std::size_t bytes;
  void (*begin)(Context&);
  void (*update)(Context&, Bytes);
  void (*end)(Context&, unsigned char* result);
};

// They fail for no input (OpenSSL's manual: "return 1 for success").
template <auto member, auto init, auto add, auto final>
constexpr Algorithm algorithm(std::string_view name, std::size_t bytes) {
  return {name, bytes, [](Context& context) { init(&(context.*member)); },
          [](Context& context, Bytes data) { add(&(context.*member), data.data(), data.size()); },
          [](Context& context, unsigned char* result) { final(result, &(context.*member)); }};
}

constexpr Algorithm algorithms[] = {
    algorithm<&Context::md5, MD5_Init, MD5_Update, MD5_Final>("MD5", MD5_DIGEST_LENGTH),
    algorithm<&Context::sha1, SHA1_Init, SHA1_Update, SHA1_Final>("SHA-1", SHA_DIGEST_LENGTH),
    algorithm<&Context::sha256, SHA256_Init, SHA256_Update, SHA256_Final>("SHA-256", SHA256_DIGEST_LENGTH),
    algorithm<&Context::sha512, SHA384_Init, SHA384_Update, SHA384_Final>("SHA-384", SHA384_DIGEST_LENGTH),
    algorithm<&Context::sha512, SHA512_Init, SHA512_Update, SHA512_Final>("SHA-512", SHA512_DIGEST_LENGTH)};

const Algorithm& algorithm_called(std::string_view name) {
  const auto* row = std::ranges::find(algorithms, name, &Algorithm::name);
  if (row == std::end(algorithms)) {
    fail(Exit::usage, "unknown digest {} (known: MD5, SHA-1, SHA-256, SHA-384, SHA-512)", name);
  }
  return *row;
}

}  // namespace

struct Digest::State {
  const Algorithm& algorithm;
  Context context;
};

Digest::Digest(std::string_view algorithm)
    : state_(std::make_unique<State>(State{algorithm_called(algorithm), {}})) {
  state_->algorithm.begin(state_->context);
}

Digest::~Digest() = default;
Digest::Digest(Digest&&) noexcept = default;

void Digest::update(Bytes bytes) { state_->algorithm.update(state_->context, bytes); }

std::string Digest::hex() {
  std::array<unsigned char, SHA512_DIGEST_LENGTH> result{};
  state_->algorithm.end(state_->context, result.data());
  std::string text;
  for (const unsigned char byte : std::span(result).first(state_->algorithm.bytes)) {
    text += fmt::format("{:02x}", byte);
  }
  return text;
}

std::string sha256_hex(Bytes bytes) {
  Digest digest("SHA-256");
  digest.update(bytes);
  return digest.hex();
}

}  // namespace pitr
