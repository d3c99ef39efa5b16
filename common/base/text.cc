#include "common/base/text.h"

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

}  // namespace pitr
