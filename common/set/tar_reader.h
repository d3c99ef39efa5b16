#pragma once

#include <sys/types.h>

#include <cstdint>
#include <ctime>
#include <memory>
#include <string>

#include "common/base/stream.h"

namespace pitr {

// One member of a tar, as it stands there: nothing of it is to be trusted, least of all the path.
struct TarEntry {
  enum class Kind {
    file,
    directory,
    symlink,
    hardlink,
    other,  // devices, FIFOs, sockets
  };
  Kind kind;
  std::string path;
  std::string target;  // of links
  std::uint64_t size;  // of files
  mode_t mode;         // permission bits
  uid_t owner;
  gid_t group;
  std::time_t modified;
};

// Reads a tar (pax, GNU, ustar), one member after the other. Throws Exit::damaged when it is none or ends
// before its end mark. `name` is what messages call it.
class TarReader {
 public:
  TarReader(Source& from, std::string name);
  ~TarReader();
  TarReader(const TarReader&) = delete;
  TarReader& operator=(const TarReader&) = delete;

  // Goes to the next member; false at the end. What was not read of the one before is passed over.
  bool next(TarEntry& entry);
  // The bytes of the member of the last next(), a file. Valid until the following next().
  Source& content();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pitr
