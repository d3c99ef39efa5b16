#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace pitr {

// One line of `rsync --list-only --8-bit-output --no-human-readable`, with TZ=UTC0.
struct RsyncEntry {
  bool is_file = false, is_directory = false;
  std::uint64_t size = 0;
  std::chrono::system_clock::time_point modified;
  std::string name;
};
// Throws on anything else.
RsyncEntry parse_rsync_entry(const std::string& line);

// ".NAME.XXXXXX", as rsync calls what it receives.
bool is_rsync_temporary(std::string_view name);

}  // namespace pitr
