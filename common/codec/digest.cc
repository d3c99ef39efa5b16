#include "common/codec/digest.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

namespace pitr {
namespace {

struct Algorithm {
  std::string_view name;
  const EVP_MD* (*digest)();
};
constexpr Algorithm algorithms[] = {{"MD5", EVP_md5},
                                    {"SHA-1", EVP_sha1},
                                    {"SHA-256", EVP_sha256},
                                    {"SHA-384", EVP_sha384},
                                    {"SHA-512", EVP_sha512}};

std::string to_hex(std::span<const unsigned char> bytes) {
  std::string text;
  for (const unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

}  // namespace

struct Digest::Context {
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> evp{EVP_MD_CTX_new()};
};

Digest::Digest(std::string_view algorithm) : context_(std::make_unique<Context>()) {
  const auto* row = std::ranges::find(algorithms, algorithm, &Algorithm::name);
  if (row == std::end(algorithms)) {
    fail(Exit::usage, "unknown digest {} (known: MD5, SHA-1, SHA-256, SHA-384, SHA-512)", algorithm);
  }
  if (EVP_DigestInit_ex(context_->evp.get(), row->digest(), nullptr) != 1) {
    fail(Exit::failed, "digest {}: libcrypto does not offer it", algorithm);
  }
}

Digest::~Digest() = default;
Digest::Digest(Digest&&) noexcept = default;

void Digest::update(Bytes bytes) {
  if (EVP_DigestUpdate(context_->evp.get(), bytes.data(), bytes.size()) != 1) {
    fail(Exit::failed, "digest: libcrypto could not go on");
  }
}

std::string Digest::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> result;
  unsigned int length = 0;
  if (EVP_DigestFinal_ex(context_->evp.get(), result.data(), &length) != 1) {
    fail(Exit::failed, "digest: libcrypto could not end it");
  }
  return to_hex(std::span(result).first(length));
}

std::string sha256_hex(Bytes bytes) {
  Digest digest("SHA-256");
  digest.update(bytes);
  return digest.hex();
}

}  // namespace pitr
