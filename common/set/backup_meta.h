#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

#include "common/postgres/wal.h"

namespace pitr {

enum class SetState { complete, waiting };
enum class BackupFrom { primary, standby };

// What the meta file tells about a backup. The first four lines are OmniPITR's; its readers take no notice of
// more.
struct Meta {
  WalName min_xlog;      // the first segment that recovery reads
  std::time_t started;   // when the program was called: the time in the files' names
  std::string timezone;  // of the machine then: "CEST"
  std::string hostname;
  SetState state = SetState::complete;
  std::string label = {};
  BackupFrom from = BackupFrom::primary;
  Lsn start = {}, stop = {}, checkpoint = {};
  std::time_t start_time = 0, stop_time = 0;  // of the backup in the server
  Timeline start_timeline = {}, stop_timeline = {};
  std::uint64_t system_identifier = 0;
  std::string server_version = {};  // "15.18"
  SegmentSize segment_size;
  std::string data_directory = {};
  std::uint64_t raw_bytes = 0, stored_bytes = 0;  // of the data and xlog files: before and after compression
  std::uint64_t bad_pages = 0;
  // 0: OmniPITR's, which knows the first four members; of the rest only `start`, the timelines and the times
  // are filled in, from these (its segments have 16 MB).
  int format = 1;
};
inline constexpr int meta_format = 1;

// "Key: value" lines; the last one, SHA-256, is the digest of all before it. In a value a backslash, a line
// feed and a carriage return are written \\, \n and \r: a label cannot add a line.
std::string format_meta(const Meta& meta);
// Throws Exit::damaged when a line is missing or is not what it should be, when the digest does not fit, and
// for a format that is newer than ours. OmniPITR's four lines are understood, too.
Meta parse_meta(std::string_view text);

}  // namespace pitr
