#include "common/wal/restore_command.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "common/base/shell_word.h"

namespace pitr {
namespace {

std::string word_for_shell(const std::string& text) {
  const auto is_plain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) ||
           std::string_view("/._-=:+,@").find(c) != std::string_view::npos;
  };
  return std::ranges::all_of(text, is_plain) ? text : quote_for_shell(text);
}

std::string source_word(const Place& source) {
  return source.has_codec ? std::string(name(source.compression.codec)) + "=" + source.place : source.place;
}

}  // namespace

std::string restore_command(const std::string& program, const std::vector<Place>& sources,
                            const std::vector<std::string>& options) {
  std::string command = word_for_shell(program);
  for (const Place& source : sources) command += " -s " + word_for_shell(source_word(source));
  for (const std::string& word : options) command += " " + word_for_shell(word);
  std::string escaped;
  for (const char c : command) escaped += c == '%' ? std::string("%%") : std::string(1, c);
  return escaped + " %f %p";
}

}  // namespace pitr
