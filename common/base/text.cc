#include "common/base/text.h"

#include <fmt/format.h>

namespace pitr {

std::string read_text(Source& from) {
  std::string text;
  StringSink sink(text);
  copy(from, sink);
  return text;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
}

std::string printable(std::string_view message) {
  std::string result;
  result.reserve(message.size());
  for (const char c : message) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '\n') {
      result += ' ';
    } else if (code < 0x20 || code == 0x7f) {
      result += fmt::format("\\x{:02x}", code);
    } else {
      result += c;
    }
  }
  return result;
}

}  // namespace pitr
