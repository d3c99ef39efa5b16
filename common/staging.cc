#include "common/staging.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace pitr {
namespace {

constexpr std::string_view lock_name = "pitr-base.lock";
constexpr std::string_view complete_name = "complete";

// Removes what a dead backup left, with its lock held: of two new backups only one does.
void remove_stale(const std::filesystem::path& path) {
  const Fd lock = open_file(path / lock_name, O_RDWR | O_NOFOLLOW);
  if (try_lock(lock) != Locked::yes) {
    fail(Exit::failed, "create staging directory {}: another backup is running in it", path.native());
  }
  std::error_code code;
  std::filesystem::remove_all(path, code);
  if (code) fail(Exit::failed, "remove {}: {}", path.native(), errno_text(code.value()));
}

void change_mode(const std::filesystem::path& path, mode_t mode) {
  if (::chmod(path.c_str(), mode) != 0) fail(Exit::failed, "chmod {}: {}", path.native(), errno_text(errno));
}

}  // namespace

StagingState staging_state(const std::filesystem::path& path) {
  if (!is_there(path)) return StagingState::missing;
  if (!is_there(path / lock_name)) return StagingState::standing;
  return is_locked(path / lock_name) ? StagingState::live : StagingState::stale;
}

Staging::Staging(const std::filesystem::path& path) : path_(path) {
  switch (staging_state(path)) {
    case StagingState::missing:
      break;
    case StagingState::stale:
      remove_stale(path);
      break;
    case StagingState::live:
      fail(Exit::failed, "create staging directory {}: another backup is running in it", path.native());
    case StagingState::standing:
      fail(Exit::failed, "create staging directory {}: it exists", path.native());
  }
  if (::mkdir(path.c_str(), 0700) != 0) {
    fail(Exit::failed, "create staging directory {}: {}", path.native(), errno_text(errno));
  }
}

// From the first constructor's end on the destructor cleans up: a directory that was left without its lock would be a
// standing one for ever.
Staging::Staging(const std::filesystem::path& path, mode_t directory_mode) : Staging(path) {
  // The lock before the final mode: pitr-archive, if it runs as another user, sees the directory locked or not at all.
  lock_ = std::make_unique<LockFile>(path / lock_name, 0600);
  open_file(path / complete_name, O_WRONLY | O_CREAT | O_EXCL, 0600);
  // Not left to the umask. The directory last.
  change_mode(path / lock_name, directory_mode & 0666);
  change_mode(path / complete_name, directory_mode & 0666);
  change_mode(path, directory_mode);
}

Staging::~Staging() {
  // With the lock still held: pitr-archive must not take a half removed directory for a standing one. It may be
  // writing into it; its failure there is none of the archive's.
  std::error_code ignored;
  for (int attempt = 0; attempt < 10 && std::filesystem::exists(path_, ignored); ++attempt) {
    std::filesystem::remove_all(path_, ignored);
  }
  // On NFS a file that is open keeps a name until it is closed, and its directory with it.
  lock_.reset();
  ::rmdir(path_.c_str());  // needs no descriptor, should there be none left
}

bool Staging::is_complete() const { return is_there(path_ / complete_name); }

void mark_staging_incomplete(const std::filesystem::path& path) { remove_file(path / complete_name); }

}  // namespace pitr
