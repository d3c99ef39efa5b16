#pragma once

#include <chrono>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

#include "common/codec.h"
#include "common/store.h"
#include "common/wal.h"

namespace pitr {

// The files of a backup set, by what stands for __FILETYPE__ in their names. A set is a backup when `meta` is
// there; until its WAL is complete `waiting` stands in meta's place. Digest files are named by their
// algorithm.
enum class SetPart { data, xlog, meta, waiting };
std::string_view name(SetPart part);

inline constexpr std::string_view default_set_template = "__HOSTNAME__-__FILETYPE__-^Y-^m-^d.tar__CEXT__";

// The names of one set's files.
//   __HOSTNAME__-__FILETYPE__-^Y-^m-^d.tar__CEXT__  →  db1-data-2026-08-01.tar.zst
class SetNames {
 public:
  // `pattern`: __HOSTNAME__, __FILETYPE__, __CEXT__ (the codec's suffix), and strftime(3) with '^' for '%',
  // of `started` in local time. Throws usage when it has no __FILETYPE__ (all files would have one name), a
  // '/', or gives what is no Name.
  SetNames(std::string_view pattern, std::string_view hostname,
           std::chrono::system_clock::time_point started);

  Name file(SetPart part, Codec codec) const { return file(name(part), codec); }
  Name digest(std::string_view algorithm, Codec codec) const { return file(algorithm, codec); }

 private:
  Name file(std::string_view type, Codec codec) const;

  std::string pattern_;  // with nothing left to replace but __FILETYPE__ and __CEXT__
};

enum class SetState { complete, waiting };
enum class BackupFrom { primary, standby };

// What the meta file tells about a backup. The first four lines are OmniPITR's; its readers take no notice of
// more.
struct Meta {
  WalName min_xlog;      // the first segment that recovery reads
  std::time_t started;   // when the program was called: the time in the files' names
  std::string timezone;  // of the machine then: "CEST"
  std::string hostname;
  SetState state;
  std::string label;
  BackupFrom from;
  Lsn start, stop, checkpoint;
  std::time_t start_time, stop_time;  // of the backup in the server
  Timeline start_timeline, stop_timeline;
  std::uint64_t system_identifier;
  std::string server_version;  // "15.18"
  SegmentSize segment_size;
  std::string data_directory;
  std::uint64_t raw_bytes, stored_bytes;  // of the data and xlog files: before and after compression
  std::uint64_t bad_pages;
};
inline constexpr int meta_format = 1;

// "Key: value" lines; the last one, SHA-256, is the digest of all before it. In a value a backslash, a line
// feed and a carriage return are written \\, \n and \r: a label cannot add a line.
std::string format_meta(const Meta& meta);

}  // namespace pitr
