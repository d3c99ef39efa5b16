#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "basebackup/copying/pgdata.h"
#include "common/base/stream.h"

namespace pitr {

// One member of a tar.
struct TarMember {
  Entry::Kind kind = Entry::Kind::file;
  std::string path;        // relative, as the tar names it
  std::string target;      // of a symlink
  std::uint64_t size = 0;  // of a file
  mode_t mode = 0600;      // permission bits
  uid_t owner = 0;         // the name of the owner and of the group are looked up and stored too
  gid_t group = 0;
  struct timespec modified = {};

  static TarMember of(const Entry& entry);
};

// Where a member lies in the tar, before any compression.
struct TarPosition {
  std::uint64_t header;  // the first byte of the first header: a tar that begins here begins with this member
  std::uint64_t data;
};

// Writes a tar that every tar reads: ustar, with pax headers only for members that ustar cannot describe
// (long names, names that are not ASCII, files above 8 GiB, large IDs). Names go in byte for byte; the locale
// does not matter. A name that is not UTF-8 makes GNU tar mention an unknown keyword when it unpacks, and is
// unpacked right.
//
// Memory holds one header. What the sink throws comes out of the call that wrote. Destroyed without finish()
// it writes nothing more.
class TarWriter {
 public:
  // Is told of every member that is complete.
  using Note = std::function<void(std::string_view path, const TarPosition& position, std::uint64_t size)>;
  explicit TarWriter(std::unique_ptr<Sink> next, Note note = {});
  ~TarWriter();
  TarWriter(const TarWriter&) = delete;
  TarWriter& operator=(const TarWriter&) = delete;

  // Between begin() and end() exactly `size` bytes have to be written: more or fewer are an Error.
  TarPosition begin(const TarMember& member);
  void write(Bytes bytes);
  void end();

  // A whole member: a directory, a symlink, or a file with this content; a file's size is set from it.
  TarPosition add(TarMember member, Bytes content = {});
  // A whole file of member.size bytes, read from `content`.
  TarPosition add(const TarMember& member, Source& content);

  void finish();  // writes the end of the tar and finishes the sink

  std::uint64_t offset() const;  // bytes written so far

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

struct StoredMember {
  TarPosition position;
  std::uint64_t size;     // as the tar and the manifest have it: that of the entry
  std::uint64_t missing;  // bytes at the end that are zeros because the file had shrunk
  std::uint32_t crc32c;   // of `size` bytes
};

// Sees every byte that is stored, in order: pieces of 256 KiB (a multiple of every page size), the last one
// shorter.
using MemberObserver = std::function<void(Bytes)>;

// Stores a file of a running server with the size that `entry` has: a file that has shrunk is filled up with
// zeros, what it has grown by is left; replaying the WAL of the backup sets both right.
StoredMember store_file(TarWriter& tar, const Entry& entry, Source& content,
                        const MemberObserver& observe = {});

}  // namespace pitr
