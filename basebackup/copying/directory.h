#pragma once

#include <dirent.h>
#include <sys/stat.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pitr {

// Looking around in a tree that a server is changing: what has vanished is null, what cannot be looked at is
// an Error that names it.

// An open directory and its names without "." and "..", in byte order.
struct Directory {
  struct Close {
    void operator()(DIR* open) const { ::closedir(open); }
  };
  std::unique_ptr<DIR, Close> stream;
  std::vector<std::string> names;

  int fd() const { return ::dirfd(stream.get()); }
};
std::optional<Directory> read_directory(const std::filesystem::path& path);

// What lies at `path`; symbolic links are followed. Null also for a link to nothing.
std::optional<struct stat> status_if_there(const std::filesystem::path& path);
// The same of a name in a directory, not following it; `path` is what messages say.
std::optional<struct stat> own_status_if_there(int directory, const std::string& name,
                                               const std::filesystem::path& path);

// Null when there is no symbolic link at `path`.
std::optional<std::filesystem::path> link_target(const std::filesystem::path& path);

}  // namespace pitr
