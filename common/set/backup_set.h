#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "common/codec/codec.h"
#include "common/store/store.h"

namespace pitr {

// The files of a backup set, by what stands for __FILETYPE__ in their names. A set is a backup when `meta` is
// there; until its WAL is complete `waiting` stands in meta's place. Digest files are named by their
// algorithm.
enum class SetPart { data, xlog, meta, waiting };
std::string_view name(SetPart part);

inline constexpr std::string_view default_set_template = "__HOSTNAME__-__FILETYPE__-^Y-^m-^d.tar__CEXT__";

// "db1-meta-2026-08-01.tar.zst.removing": what is left of a set whose meta (or waiting) file is gone, a name
// in a line.
inline constexpr std::string_view removing_suffix = ".removing";
Name removing_file(const Name& meta_file);

// The names of one set's files.
//   __HOSTNAME__-__FILETYPE__-^Y-^m-^d.tar__CEXT__  →  db1-data-2026-08-01.tar.zst
class SetNames {
 public:
  // `pattern`: __HOSTNAME__, __FILETYPE__, __CEXT__ (the codec's suffix), and strftime(3) with '^' for '%',
  // of `started` in local time. Throws usage when it has no __FILETYPE__ (all files would have one name), a
  // '/', or gives what is no Name.
  SetNames(std::string_view pattern, std::string_view hostname,
           std::chrono::system_clock::time_point started);

  // Those of a set that is there: `file` is its file of type `type`, whose name has that word at `at`.
  static SetNames of(const Name& file, std::size_t at, std::string_view type);

  Name file(SetPart part, Codec codec) const { return file(name(part), codec); }
  Name digest(std::string_view algorithm, Codec codec) const { return file(algorithm, codec); }

  // The files beside the one that makes it a set, in the order in which they are published.
  struct Part {
    Name name;
    bool may_be_missing;  // a set without WAL has no xlog file, a waiting one no digests
  };
  std::vector<Part> parts(Codec codec, const std::vector<std::string>& digests) const;

 private:
  SetNames() = default;
  Name file(std::string_view type, Codec codec) const;

  std::string pattern_;  // with nothing left to replace but __FILETYPE__ and __CEXT__
};

}  // namespace pitr
