#include "common/base/error.h"

#include <cstring>

#include <cctype>

namespace pitr {

std::string errno_text(int code) {
  const char* description = strerrordesc_np(code);
  if (description == nullptr) return fmt::format("errno {}", code);
  std::string text = description;
  // "RPC struct is bad" keeps its capitals, "No space left on device" does not.
  if (text.size() > 1 && std::islower(static_cast<unsigned char>(text[1])) != 0) {
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  }
  return text;
}

}  // namespace pitr
