#include "common/base/printable.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/base/json_text.h"

namespace pitr {
namespace {

// Bytes of the character at the front of `text`; 0: it is none.
std::size_t character_size(std::string_view text) {
  for (std::size_t size = 1; size <= 4 && size <= text.size(); ++size) {
    if (is_utf8(text.substr(0, size))) return size;
  }
  return 0;
}

bool steers(std::string_view character) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(character[at]); };
  if (character.size() == 1) return byte(0) < 0x20 || byte(0) == 0x7F;
  if (character.size() == 2) return byte(0) == 0xC2 && byte(1) < 0xA0;  // C1: U+0080 to U+009F
  // Marks, embeddings, overrides and isolates of direction, and the separators of lines and paragraphs:
  // U+200B to U+200F, U+2028 to U+202E, U+2060 to U+206F.
  return character.size() == 3 && byte(0) == 0xE2 &&
         ((byte(1) == 0x80 &&
           ((byte(2) >= 0x8B && byte(2) <= 0x8F) || (byte(2) >= 0xA8 && byte(2) <= 0xAE))) ||
          (byte(1) == 0x81 && byte(2) >= 0xA0 && byte(2) <= 0xAF));
}

}  // namespace

std::string printable(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t size = character_size(text);
    const std::string_view character = text.substr(0, std::max<std::size_t>(size, 1));
    if (character == "\n") {
      result += ' ';
    } else if (size == 0 || steers(character)) {
      for (const char c : character) result += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      result += character;
    }
    text.remove_prefix(character.size());
  }
  return result;
}

}  // namespace pitr
