#include "common/wal/staging.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace pitr {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view lock_name = "pitr-base.lock";
constexpr std::string_view complete_name = "complete";
constexpr std::string_view temporary_mark = ".tmp.";

// A directory without its lock is a standing one. So under its own name a temporary one is there with its
// lock or not at all: it is made, and removed, under the name of a temporary neighbour.
fs::path make_neighbour(const fs::path& path) {
  std::string name = path.native() + std::string(temporary_mark) + "XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) {
    fail(Exit::failed, "create staging directory {}: {}", path.native(), errno_text(errno));
  }
  return name;
}

[[noreturn]] void fail_in_use(const fs::path& path) {
  fail(Exit::failed, "create staging directory {}: another backup is running in it", path.native());
}

// Removes what a dead backup left, with its lock held: of two new backups only one does.
void remove_stale(const fs::path& path) {
  const Fd lock = open_file(path / lock_name, O_RDWR | O_NOFOLLOW);
  if (try_lock(lock) != Locked::yes || !is_name_of(Fd(), (path / lock_name).native(), lock))
    fail_in_use(path);
  const fs::path neighbour = make_neighbour(path);
  rename_directory(path, neighbour);
  std::error_code code;
  fs::remove_all(neighbour, code);
  if (code) fail(Exit::failed, "remove {}: {}", neighbour.native(), errno_text(code.value()));
}

// What backups left that were killed while they made or removed theirs.
void remove_dead_neighbours(const fs::path& path) {
  const std::string start = path.filename().native() + std::string(temporary_mark);
  std::error_code ignored;
  for (fs::directory_iterator entry(path.parent_path(), ignored), end; entry != end;
       entry.increment(ignored)) {
    const std::string name = entry->path().filename().native();
    if (!name.starts_with(start) || name.size() != start.size() + 6 || !entry->is_directory(ignored))
      continue;
    if (!is_locked(entry->path() / lock_name)) fs::remove_all(entry->path(), ignored);
  }
}

void change_mode(const fs::path& path, mode_t mode) {
  if (::chmod(path.c_str(), mode) != 0) fail(Exit::failed, "chmod {}: {}", path.native(), errno_text(errno));
}

}  // namespace

StagingState staging_state(const fs::path& path) {
  if (!is_there(path)) return StagingState::missing;
  if (!is_there(path / lock_name)) return StagingState::standing;
  return is_locked(path / lock_name) ? StagingState::live : StagingState::stale;
}

Staging::Staging(const fs::path& path) : path_(path.has_filename() ? path : path.parent_path()) {
  switch (staging_state(path_)) {
    case StagingState::missing:
      break;
    case StagingState::stale:
      remove_stale(path_);
      break;
    case StagingState::live:
      fail_in_use(path_);
    case StagingState::standing:
      fail(Exit::failed, "create staging directory {}: it exists", path_.native());
  }
  remove_dead_neighbours(path_);
  neighbour_ = make_neighbour(path_);
}

// From the first constructor's end on the destructor cleans up.
Staging::Staging(const fs::path& path, mode_t directory_mode) : Staging(path) {
  lock_ = std::make_unique<LockFile>(neighbour_ / lock_name, 0600);
  open_file(neighbour_ / complete_name, O_WRONLY | O_CREAT | O_EXCL, 0600);
  // Not left to the umask.
  change_mode(neighbour_ / lock_name, directory_mode & 0666);
  change_mode(neighbour_ / complete_name, directory_mode & 0666);
  change_mode(neighbour_, directory_mode);
  rename_directory(neighbour_, path_);
  has_its_name_ = true;
}

Staging::~Staging() {
  const bool is_aside = !has_its_name_ || try_rename_directory(path_, neighbour_);
  const fs::path& place = is_aside ? neighbour_ : path_;
  // With the lock still held: nobody takes this for what a dead backup left. pitr-archive may be writing into
  // it; its failure there is none of the archive's.
  std::error_code ignored;
  for (int attempt = 0; attempt < 10 && fs::exists(place, ignored); ++attempt) {
    fs::remove_all(place, ignored);
  }
  // On NFS a file that is open keeps a name until it is closed, and its directory with it.
  lock_.reset();
  ::rmdir(place.c_str());  // needs no descriptor, should there be none left
}

bool Staging::is_complete() const { return is_there(path_ / complete_name); }

void mark_staging_incomplete(const fs::path& path) { remove_file(path / complete_name); }

}  // namespace pitr
