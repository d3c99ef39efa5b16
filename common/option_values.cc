#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/ranges.h>

#include "common/options.h"

namespace pitr {
namespace {

// The whole text as a decimal number; "does not parse" is a value.
std::optional<int> number(std::string_view text) {
  int result = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), result);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return result;
}

bool is_word(std::string_view text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

Codec known_codec(std::string_view word) {
  if (const auto codec = codec_named(word)) return *codec;
  std::vector<std::string_view> known;
  std::string list;
  for (const Codec codec : all_codecs()) {
    known.push_back(name(codec));
    list += fmt::format("{}{}", list.empty() ? "" : ", ", name(codec));
  }
  const std::string_view near = nearest(word, known);
  fail(Exit::usage, "unknown codec {}{} (known: {})", word,
       near.empty() ? "" : fmt::format(", did you mean {}?", near), list);
}

int known_level(Codec codec, std::string_view text) {
  const Levels range = levels(codec);
  if (range.lowest == range.highest) fail(Exit::usage, "codec {} takes no level", name(codec));
  const auto level = number(text);
  if (!level || *level < range.lowest || *level > range.highest) {
    fail(Exit::usage, "level {} of codec {}: not a number from {} to {}", text, name(codec), range.lowest,
         range.highest);
  }
  return *level;
}

}  // namespace

std::function<void(const std::string&)> set_text(std::string& target) {
  return [&target](const std::string& value) {
    if (value.empty()) fail(Exit::usage, "value is empty");
    target = value;
  };
}

std::function<void(const std::string&)> set_flag(bool& target) {
  return [&target](const std::string&) { target = true; };
}

std::function<void(const std::string&)> set_number(int& target, int lowest, int highest) {
  return [&target, lowest, highest](const std::string& value) {
    const auto parsed = number(value);
    if (!parsed || *parsed < lowest || *parsed > highest) {
      fail(Exit::usage, "{}: not a number from {} to {}", value, lowest, highest);
    }
    target = *parsed;
  };
}

std::function<void(const std::string&)> set_choice(std::string& target, std::vector<std::string> choices) {
  return [&target, choices = std::move(choices)](const std::string& value) {
    if (std::ranges::find(choices, value) == choices.end()) {
      fail(Exit::usage, "{}: it is one of {}", value, fmt::join(choices, ", "));
    }
    target = value;
  };
}

std::function<void(const std::string&)> append_text(std::vector<std::string>& target) {
  return [&target](const std::string& value) { target.push_back(value); };
}

std::function<void(const std::string&)> no_meaning(std::vector<std::string>& unused, std::string_view name) {
  return [&unused, own = std::string(name)](const std::string&) { unused.push_back(own); };
}

Place parse_place(std::string_view text) {
  Place result;
  const std::size_t equals = text.find('=');
  const std::string_view prefix = text.substr(0, equals);
  const std::size_t colon = std::min(prefix.find(':'), prefix.size());
  const std::string_view word = prefix.substr(0, colon);
  // With a slash in front of it the '=' belongs to a path: "/backup/host=db1", "rsync://host/a=b".
  result.has_codec =
      equals != std::string_view::npos && is_word(word) && prefix.find('/') == std::string_view::npos;
  if (result.has_codec) {
    result.compression.codec = known_codec(word);
    if (colon < prefix.size()) {
      result.compression.level = known_level(result.compression.codec, prefix.substr(colon + 1));
    }
    text.remove_prefix(equals + 1);
  }
  if (text.empty()) fail(Exit::usage, "place is empty");
  result.place = text;
  return result;
}

std::function<void(const std::string&)> append_place(std::vector<Place>& target) {
  return [&target](const std::string& value) {
    Place place = parse_place(value);
    if (std::ranges::find(target, place.place, &Place::place) != target.end()) {
      fail(Exit::usage, "{} is given twice", place.place);
    }
    target.push_back(std::move(place));
  };
}

}  // namespace pitr
