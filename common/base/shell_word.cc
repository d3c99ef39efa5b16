#include "common/base/shell_word.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "common/base/text.h"

namespace pitr {
std::string quote_for_shell(std::string text) {
  replace_all(text, "'", "'\\''");
  return "'" + text + "'";
}

std::string word_for_shell(const std::string& text) {
  const auto is_plain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) ||
           std::string_view("/._-=:+,@").find(c) != std::string_view::npos;
  };
  return !text.empty() && std::ranges::all_of(text, is_plain) ? text : quote_for_shell(text);
}

}  // namespace pitr
