#include "common/store/place.h"

#include <algorithm>
#include <vector>

#include "common/base/nearest.h"
#include "common/base/number.h"

namespace pitr {
namespace {

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
  const auto level = decimal(text);
  if (!level || *level < range.lowest || *level > range.highest) {
    fail(Exit::usage, "level {} of codec {}: not a number from {} to {}", text, name(codec), range.lowest,
         range.highest);
  }
  return *level;
}

}  // namespace

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

std::string place_word(const Place& place) {
  return place.has_codec ? std::string(name(place.compression.codec)) + "=" + place.place : place.place;
}

PlaceKind kind(const Place& place) {
  if (place.is_program) return PlaceKind::pipe;
  const std::string_view text = place.place;
  if (text.starts_with("rsync://")) return PlaceKind::rsync;
  // With a slash in front of it the ':' belongs to a path.
  return text.find(':') < text.find('/') ? PlaceKind::ssh : PlaceKind::directory;
}

std::string normal_form(const Place& place) {
  const std::string& text = place.place;
  std::size_t path = 0;  // where it begins
  switch (kind(place)) {
    case PlaceKind::pipe:
      return text;
    case PlaceKind::ssh:
      path = text.find(':') + 1;
      break;
    case PlaceKind::rsync:
      path = std::string_view("rsync://").size();
      break;
    case PlaceKind::directory:
      break;
  }
  return text.substr(0, path) + normal_path(text.substr(path)).native();
}

std::unique_ptr<Store> open_store(const Place& place, Openness openness) {
  static const Remote defaults;
  const Remote& remote = place.remote == nullptr ? defaults : *place.remote;
  switch (kind(place)) {
    case PlaceKind::ssh:
      return open_over_ssh(place.place, remote, openness);
    case PlaceKind::rsync:
      return open_over_rsync(place.place, remote, openness);
    case PlaceKind::pipe:
      return open_pipe(place.place, remote);
    case PlaceKind::directory:
      break;
  }
  if (!place.place.starts_with('/')) {
    fail(Exit::usage,
         "{}: no absolute path, [USER@]HOST:/PATH or rsync://HOST/MODULE/PATH; the server's working "
         "directory is its data directory",
         place.place);
  }
  return open_directory(place.place, openness);
}

}  // namespace pitr
