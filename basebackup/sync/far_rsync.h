#pragma once

#include <optional>

#include "basebackup/sync/file_lists.h"
#include "common/store/store.h"

namespace pitr {

// How rsync brings files to another host.
struct FarRsync {
  std::string program;  // there; "": rsync is not used
  bool compress = false;
  std::optional<std::uint64_t> max_rate = {};  // bytes per second
};

// Makes the files of `tree` in `target`, "[user@]host:/directory", which exists, what they are here. Compares
// contents, and sends what differs; a file that has vanished here is removed there. Each is whole under its
// name, and durable when its file system is synced.
void send_differences(const FileTree& tree, const std::string& target, const Remote& remote,
                      const FarRsync& rsync);

}  // namespace pitr
