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

// "[CODEC[:LEVEL]=]PLACE".
struct Place {
  bool has_codec = false;  // false: no prefix, compression is none
  Compression compression;
  std::string place;
  const Remote* remote = nullptr;  // null: the defaults; outlives the place
  bool is_program = false;
};
Place parse_place(std::string_view text);  // throws usage
PlaceKind kind(const Place& place);
// The same for all spellings of a path: "host:/wal/" and "host://wal" are "host:/wal".
std::string normal_form(const Place& place);

// Opens the place; throws when it cannot be reached, and usage when it is none. One line per kind of place.
std::unique_ptr<Store> open_store(const Place& place, Openness openness);
inline std::unique_ptr<Store> open_store(std::string_view text, Openness openness) {
  return open_store(Place{false, {}, std::string(text), nullptr}, openness);
}

}  // namespace pitr
