#include "restore/recover/free_place.h"

#include <fcntl.h>
#include <sys/statvfs.h>

#include <functional>
#include <map>

#include "common/os/file.h"
#include "common/os/processes.h"
#include "common/postgres/postmaster.h"

namespace pitr {
namespace {

namespace fs = std::filesystem;

// Calls `each` with every process of a server on this host that we may look at, and its working directory,
// which is the data directory.
void for_each_server_process(const std::function<void(pid_t process, const fs::path& directory)>& each) {
  for (const pid_t process : all_processes()) {
    const fs::path directory = working_directory(process);
    if (directory.empty()) continue;
    // A server's processes have this name, whatever they show in the list of processes.
    const std::string name = process_text(process, "comm");
    if (name.starts_with("postgres") || name.starts_with("postmaster")) each(process, directory);
  }
}

void refuse(const fs::path& path, pid_t pid) {
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
  if (const auto pid = postmaster_of(data_directory)) refuse(data_directory, *pid);
  for_each_server_process([&](pid_t pid, const fs::path& directory) {
    std::error_code code;
    if (fs::equivalent(directory, data_directory, code) && !code) refuse(data_directory, pid);
  });
}

void require_not_in_use(const fs::path& path) {
  for_each_server_process([&](pid_t pid, const fs::path& directory) {
    std::error_code code;
    // A server that is just starting still works where it was started: that is no data directory.
    const bool has_cluster =
        fs::exists(directory / "PG_VERSION", code) || fs::equivalent(directory, path, code);
    if (has_cluster && lies_within(path, directory)) refuse(path, pid);
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
