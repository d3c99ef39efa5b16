#include "common/base/json_text.h"

#include <charconv>

#include "common/base/error.h"

#include <iterator>

#include <fmt/format.h>

namespace pitr {
namespace {

unsigned char byte_at(std::string_view text, std::size_t i) { return static_cast<unsigned char>(text[i]); }

// The length of the character that starts `text`; 0 when it is none.
std::size_t utf8_length(std::string_view text) {
  const unsigned char lead = byte_at(text, 0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte_at(text, i) & 0xC0) != 0x80) return 0;
  }
  const unsigned char second = byte_at(text, 1);
  const bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
  const bool surrogate = lead == 0xED && second > 0x9F;
  const bool too_high = lead == 0xF4 && second > 0x8F;
  return overlong || surrogate || too_high ? 0 : length;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

void append_json_string(std::string& json, std::string_view text) {
  json += '"';
  for (const char c : text) {
    switch (c) {
      case '\b':
        json += "\\b";
        break;
      case '\f':
        json += "\\f";
        break;
      case '\n':
        json += "\\n";
        break;
      case '\r':
        json += "\\r";
        break;
      case '\t':
        json += "\\t";
        break;
      case '"':
        json += "\\\"";
        break;
      case '\\':
        json += "\\\\";
        break;
      default:
        if (static_cast<unsigned char>(c) < ' ') {
          fmt::format_to(std::back_inserter(json), "\\u{:04x}", static_cast<int>(c));
        } else {
          json += c;
        }
    }
  }
  json += '"';
}

void append_json_path(std::string& json, std::string_view key, std::string_view encoded_key,
                      std::string_view path) {
  const bool plain = is_utf8(path);
  append_json_string(json, plain ? key : encoded_key);
  json += ": ";
  if (plain) return append_json_string(json, path);
  json += '"';
  for (const char c : path) {
    fmt::format_to(std::back_inserter(json), "{:02x}", static_cast<unsigned char>(c));
  }
  json += '"';
}

std::string path_from_hex(std::string_view hex) {
  std::string text;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    unsigned char byte = 0;
    const std::string_view digits = hex.substr(i, 2);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (digits.size() != 2 || error != std::errc() || end != digits.data() + 2) {
      fail(Exit::damaged, "'{}' is no path in hex", hex);
    }
    text += static_cast<char>(byte);
  }
  return text;
}

}  // namespace pitr
