#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/codec/codec.h"
#include "common/store/store.h"

namespace pitr {

enum class PlaceKind {
  directory,  // "/backup/wal"; and whatever is none of the others
  ssh,        // "[user@]host:/backup/wal"
  rsync,      // "rsync://[user@]host[:port]/module/path"
  pipe,       // a program that is run with each file on its standard input; its option says so
};

// "[CODEC[:LEVEL]=]PLACE", an operand of many options.
struct Place {
  bool has_codec = false;  // false: no codec was given, and `compression` is none
  Compression compression;
  std::string place;               // without the codec
  const Remote* remote = nullptr;  // owned by the options, which live longer; null: the defaults of Remote
  bool is_program = false;         // `place` is a program, because the option says so
};
Place parse_place(std::string_view text);    // throws usage
std::string place_word(const Place& place);  // "zstd=/backup/wal", for parse_place
PlaceKind kind(const Place& place);
// The same for all spellings of a path: "host:/wal/" and "host://wal" are "host:/wal".
std::string normal_form(const Place& place);

// Opens the place. Throws failed when it cannot be reached, usage when the text is no place.
std::unique_ptr<Store> open_store(const Place& place, Openness openness);
inline std::unique_ptr<Store> open_store(std::string_view text, Openness openness) {
  return open_store(Place{false, {}, std::string(text), nullptr}, openness);
}

}  // namespace pitr
