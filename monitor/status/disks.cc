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

fs::path without_slash(const fs::path& directory) {
  return directory.has_filename() ? directory : directory.parent_path();
}

// For a directory that comes and goes: what it lies in stays.
void require_parent(const fs::path& directory) {
  const fs::path parent = fs::absolute(without_slash(directory)).parent_path();
  if (!fs::is_directory(parent))
    fail(Exit::failed, "{}: there is no such directory (is its disk mounted?)", parent.native());
}

struct Spooled {
  double count = 0;
  std::string oldest;
};

void count_spooled(const fs::path& directory, Spooled& spooled) {
  std::error_code code;
  for (fs::directory_iterator entry(directory, code), end; !code && entry != end; entry.increment(code)) {
    std::error_code gone;
    if (entry->is_directory(gone)) {
      count_spooled(entry->path(), spooled);
      continue;
    }
    const std::string name = entry->path().filename();
    if (is_temporary_name(name) || !stored_name(name)) continue;
    ++spooled.count;
    if (spooled.oldest.empty() || name < spooled.oldest) spooled.oldest = name;
  }
  // pitr-archive makes the directories when it needs them, and removes what it has delivered.
  if (code && code != std::errc::no_such_file_or_directory)
    fail(Exit::failed, "read {}: {}", directory.native(), errno_text(code.value()));
}

}  // namespace

Measurement spool_queue(Places& places) {
  const std::string& directory = places.given().spool_directory;
  if (directory.empty()) fail(Exit::usage, "no spool (give --spool-dir)");
  require_parent(directory);
  Spooled spooled;
  count_spooled(directory, spooled);
  return {spooled.count, spooled.oldest.empty() ? "nothing waits" : spooled.oldest + " waits"};
}

Measurement staging_stale(Places& places) {
  const auto& directories = places.given().staging_directories;
  if (directories.empty()) fail(Exit::usage, "no staging directory (give --xlogs)");
  double count = 0;
  std::string detail = "none";
  for (const std::string& text : directories) {
    const fs::path directory = without_slash(text);
    require_parent(directory);
    if (staging_state(directory) != StagingState::stale) continue;
    ++count;
    detail = fmt::format("{} was left by a backup that died (the next one removes it)", directory.native());
  }
  return {count, detail};
}

Measurement free_space(Places& places) {
  const MonitorPlaces& given = places.given();
  std::vector<std::string> directories = {given.backup_directory, given.data_directory};
  if (const fs::path spool = given.spool_directory; !spool.empty()) {
    require_parent(spool);
    directories.push_back(fs::exists(spool) ? spool : fs::absolute(without_slash(spool)).parent_path());
  }
  // pg_wal may lie elsewhere.
  if (!given.data_directory.empty()) directories.push_back(given.data_directory + "/pg_wal");
  for (const Place& place : given.archives) directories.push_back(place.place);
  std::erase_if(directories, [](const std::string& directory) {
    return directory.empty() || kind(Place{.compression = {}, .place = directory}) != PlaceKind::directory;
  });
  if (directories.empty())
    fail(Exit::usage, "no directory of this host to look at (give --archive, --backup-dir or --data-dir)");
  std::vector<std::pair<std::string, double>> each;
  double least = 100;
  std::string fullest = directories.front();
  for (const std::string& directory : directories) {
    const double free = free_percent(directory);
    each.emplace_back(directory, free);
    if (free >= least) continue;
    least = free;
    fullest = directory;
  }
  return {least, "where " + fullest + " lies", std::move(each)};
}

}  // namespace pitr
