#include "restore/recover/file_checksum.h"

#include "common/codec/crc32c.h"

namespace pitr {

FileChecksum::FileChecksum(const std::string& algorithm) : is_crc_(algorithm == "CRC32C") {
  // A manifest writes SHA256.
  if (!is_crc_ && algorithm != "NONE")
    digest_.emplace("SHA-" + algorithm.substr(std::min<std::size_t>(3, algorithm.size())));
}

void FileChecksum::update(Bytes bytes) {
  if (is_crc_) crc_ = crc32c(crc_, bytes);
  if (digest_) digest_->update(bytes);
}

std::string FileChecksum::hex() {
  if (is_crc_) return crc32c_hex(crc_);
  return digest_ ? digest_->hex() : "";
}

}  // namespace pitr
