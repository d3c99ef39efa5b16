#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "common/store.h"

namespace pitr {

// How other hosts are reached. The two programs are found in PATH, or are paths; never a shell line.
struct Remote {
  std::string ssh = "ssh";
  std::string rsync = "rsync";
  std::chrono::seconds timeout{30};  // without an answer, or a byte that gets on its way
  std::filesystem::path temporary_directory = "/tmp";  // for what rsync must have as a file
};

// A directory of another host, "[user@]host:/path", by ssh and a POSIX shell with GNU coreutils there.
std::unique_ptr<Store> open_over_ssh(const std::string& place, const Remote& remote, Openness openness);

}  // namespace pitr
