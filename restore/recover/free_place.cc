#include "restore/recover/free_place.h"

#include <fcntl.h>
#include <sys/statvfs.h>

#include <array>
#include <functional>
#include <map>

#include "common/os/file.h"
#include "common/os/signals.h"
#include "common/postgres/postmaster.h"

namespace pitr {
namespace {

namespace fs = std::filesystem;

// A server's processes have this name, whatever they show in the list of processes.
bool is_server(const fs::path& process) {
  std::array<std::byte, 32> buffer;
  try {
    const Fd file = open_if_there(process / "comm", O_RDONLY);
    if (!file) return false;
    const std::string_view name(reinterpret_cast<const char*>(buffer.data()), read_some(file, buffer));
    return name.starts_with("postgres") || name.starts_with("postmaster");
  } catch (const Error&) {
    throw_if_signalled();
    return false;  // it has ended meanwhile
  }
}

// Calls `each` with every process of a server on this host that we may look at, and its working directory,
// which is the data directory.
void for_each_server_process(
    const std::function<void(const std::string& pid, const fs::path& directory)>& each) {
  std::error_code code;
  for (fs::directory_iterator entry("/proc", code), end; !code && entry != end; entry.increment(code)) {
    const std::string pid = entry->path().filename();
    if (pid.find_first_not_of("0123456789") != pid.npos) continue;
    std::error_code gone;
    const fs::path directory = fs::read_symlink(entry->path() / "cwd", gone);
    if (!gone && is_server(entry->path())) each(pid, directory);
  }
}

void refuse(const fs::path& path, const std::string& pid) {
  fail(Exit::usage, "{}: a server runs there (process {}): stop it first", path.native(), pid);
}

}  // namespace

void require_free_directory(const fs::path& path) {
  std::error_code code;
  if (!is_there(path)) return;
  if (!fs::is_directory(path, code)) fail(Exit::usage, "{}: it is no directory", path.native());
  const bool is_empty = fs::is_empty(path, code);
  if (code) fail(Exit::failed, "look into {}: {}", path.native(), errno_text(code.value()));
  if (!is_empty) fail(Exit::usage, "{}: it is not empty", path.native());
}

void require_stopped(const fs::path& data_directory) {
  if (const auto pid = postmaster_of(data_directory)) refuse(data_directory, std::to_string(*pid));
  for_each_server_process([&](const std::string& pid, const fs::path& directory) {
    std::error_code code;
    if (fs::equivalent(directory, data_directory, code) && !code) refuse(data_directory, pid);
  });
}

void require_not_in_use(const fs::path& path) {
  for_each_server_process([&](const std::string& pid, const fs::path& directory) {
    std::error_code code;
    if (lies_within(path, directory)) refuse(path, pid);
    for (fs::directory_iterator entry(directory / "pg_tblspc", code), end; !code && entry != end;
         entry.increment(code)) {
      std::error_code broken;
      const fs::path target = fs::read_symlink(entry->path(), broken);
      if (!broken && lies_within(path, target)) refuse(path, pid);
    }
  });
}

void require_space(const std::vector<std::pair<fs::path, std::uint64_t>>& bytes) {
  std::map<dev_t, std::uint64_t> wanted;
  for (const auto& [place, size] : bytes) {
    fs::path directory = place;
    while (!is_there(directory) && directory.has_parent_path() && directory != directory.parent_path()) {
      directory = directory.parent_path();
    }
    const Fd fd = open_file(directory, O_RDONLY | O_DIRECTORY);
    struct statvfs space {};
    if (::fstatvfs(fd.number(), &space) != 0)
      fail(Exit::failed, "stat {}: {}", directory.native(), errno_text(errno));
    const std::uint64_t there = std::uint64_t{space.f_bavail} * space.f_frsize;
    std::uint64_t& sum = wanted[file_status(fd).st_dev];
    sum += size;
    if (sum > there) {
      fail(Exit::failed, "{}: its file system has {} bytes left, {} are to be written there", place.native(),
           there, sum);
    }
  }
}

}  // namespace pitr
