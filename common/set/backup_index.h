#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/stream.h"
#include "common/codec/codec.h"
#include "common/set/backup_set.h"

namespace pitr {

inline constexpr int backup_index_version = 1;

// Writes the `index` of a backup set: where every member lies in its tar, and every block of the tar in the
// files that hold it compressed. With it a reader fetches one member by decompressing only the blocks that it
// touches. One JSON object per line, told apart by "kind"; a reader leaves out kinds and keys that it does
// not know.
//
//   {"kind": "index", "version": 1}
//   {"kind": "block", "file": "db1-data-2026-08-01.tar.zst", "stored_offset": 0, "stored_size": 93211,
//      (in one line) "raw_offset": 0, "raw_size": 1048576, "crc32c": "0a1b2c3d"}
//   {"kind": "member", "set": "data", "path": "main/base/5/1259", "header": 1536, "data": 2048, "size": 9216}
//   {"kind": "file", "name": "db1-data-2026-08-01.tar.zst", "codec": "zstd", "size": 5123456, "sha256": "…"}
//
// Offsets of members count in the tar before compression, as raw_offset does; data and xlog are two tars. A
// path that is not UTF-8 stands in hex as "encoded_path". CRC32C is that of the stored bytes, printed as in a
// manifest. Lines come in any order, the header first. Memory holds 64 KiB.
class BackupIndexWriter {
 public:
  enum class Begin {
    header,
    continued,  // the lines written so far stand in `next` already
  };
  explicit BackupIndexWriter(Sink& next, Begin begin = Begin::header);

  struct Member {
    SetPart part;  // data or xlog
    std::string_view path;
    std::uint64_t header, data, size;
  };
  void add(const Member& member);

  // `file`: the name of the stored file.
  void add(std::string_view file, const StoredBlock& block);

  struct File {
    std::string_view name;
    Codec codec;
    std::uint64_t size;
    std::string_view sha256;  // of the stored bytes, in hex
  };
  void add(const File& file);

  void flush();  // hands everything on; does not finish the sink

 private:
  void end_line();

  Sink& next_;
  std::string buffer_;
};

// The stored files of a set as its index tells them. A block takes 32 bytes here: one TB is a million.
struct IndexedBlock {
  std::uint64_t stored_offset, raw_offset;
  std::uint32_t stored_size, raw_size, crc32c;
};
struct IndexedFile {
  std::string name;
  Codec codec;
  std::uint64_t size;  // as stored
  std::string sha256;
  std::vector<IndexedBlock> blocks;  // in the order of the file; empty for a codec without blocks
};
struct IndexedMember {
  SetPart part;
  std::string path;
  std::uint64_t header, data, size;
};
// Reads an index. `each_member`, when there is one, gets the members in the order of their tars. Throws
// Exit::damaged when a line does not parse, when blocks do not follow one another, and when a file is not
// told to its end.
std::vector<IndexedFile> read_index(Source& from,
                                    const std::function<void(const IndexedMember&)>& each_member = {});

}  // namespace pitr
