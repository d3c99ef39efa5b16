#include <sys/statvfs.h>

#include <algorithm>
#include <filesystem>

#include "common/os/temporary_file.h"
#include "common/store/place.h"
#include "common/wal/staging.h"
#include "common/wal/stored_name.h"
#include "monitor/status/measurements.h"

namespace pitr {
namespace {

namespace fs = std::filesystem;

// Of blocks and, where the file system counts them, of files: without a free inode nothing can be written
// either.
double free_percent(const std::string& path) {
  struct statvfs status;
  if (::statvfs(path.c_str(), &status) != 0) fail(Exit::failed, "statvfs {}: {}", path, errno_text(errno));
  const auto percent = [](auto free, auto all) {
    return 100.0 * static_cast<double>(free) / static_cast<double>(all);
  };
  if (status.f_blocks == 0) fail(Exit::failed, "statvfs {}: the file system does not tell its size", path);
  const double blocks = percent(status.f_bavail, status.f_blocks);
  return status.f_files == 0 ? blocks : std::min(blocks, percent(status.f_favail, status.f_files));
}

}  // namespace

Measurement spool_queue(Places& places) {
  const std::string& directory = places.given().spool_directory;
  if (directory.empty()) fail(Exit::usage, "no spool (give --spool-dir)");
  std::error_code code;
  double count = 0;
  std::string oldest;
  for (fs::recursive_directory_iterator entry(directory, code), end; !code && entry != end;
       entry.increment(code)) {
    const std::string name = entry->path().filename();
    if (is_temporary_name(name) || !stored_name(name)) continue;
    ++count;
    if (oldest.empty() || name < oldest) oldest = name;
  }
  if (code) fail(Exit::failed, "read {}: {}", directory, errno_text(code.value()));
  return {count, oldest.empty() ? "nothing waits" : oldest + " waits"};
}

Measurement staging_stale(Places& places) {
  const auto& directories = places.given().staging_directories;
  if (directories.empty()) fail(Exit::usage, "no staging directory (give --xlogs)");
  double count = 0;
  std::string detail = "none";
  for (const std::string& text : directories) {
    fs::path directory = text;
    if (!directory.has_filename()) directory = directory.parent_path();
    // The directory comes and goes with the backup; what it lies in stays.
    const fs::path parent = fs::absolute(directory).parent_path();
    if (!fs::is_directory(parent)) {
      fail(Exit::failed, "{}: there is no such directory (is its disk mounted?)", parent.native());
    }
    if (staging_state(directory) != StagingState::stale) continue;
    ++count;
    detail = fmt::format("{} was left by a backup that died (the next one removes it)", directory.native());
  }
  return {count, detail};
}

Measurement free_space(Places& places) {
  const MonitorPlaces& given = places.given();
  std::vector<std::string> directories = {given.backup_directory, given.spool_directory,
                                          given.data_directory};
  // pg_wal may lie elsewhere.
  if (!given.data_directory.empty()) directories.push_back(given.data_directory + "/pg_wal");
  for (const Place& place : given.archives) directories.push_back(place.place);
  std::erase(directories, "");
  if (directories.empty())
    fail(Exit::usage, "no directory to look at (give --archive, --backup-dir or --data-dir)");
  double least = 100;
  std::string fullest = directories.front();
  for (const std::string& directory : directories) {
    const double free = free_percent(directory);
    if (free >= least) continue;
    least = free;
    fullest = directory;
  }
  return {least, "where " + fullest + " lies"};
}

}  // namespace pitr
