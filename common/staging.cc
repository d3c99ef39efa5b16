#include "common/staging.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

namespace pitr {
namespace {

constexpr std::string_view lock_name = "pitr-base.lock";
constexpr std::string_view complete_name = "complete";

void remove_tree(const std::filesystem::path& path) {
  std::error_code code;
  std::filesystem::remove_all(path, code);
  if (code) fail(Exit::failed, "remove {}: {}", path.native(), errno_text(code.value()));
}

}  // namespace

StagingState staging_state(const std::filesystem::path& path) {
  if (!is_there(path)) return StagingState::missing;
  if (!is_there(path / lock_name)) return StagingState::standing;
  return is_locked(path / lock_name) ? StagingState::live : StagingState::stale;
}

Staging::Staging(const std::filesystem::path& path, mode_t directory_mode) : path_(path) {
  switch (staging_state(path)) {
    case StagingState::missing:
      break;
    case StagingState::stale:
      remove_tree(path);
      break;
    case StagingState::live:
      fail(Exit::failed, "create staging directory {}: another backup is running in it", path.native());
    case StagingState::standing:
      fail(Exit::failed, "create staging directory {}: it exists", path.native());
  }
  if (::mkdir(path.c_str(), 0700) != 0) {
    fail(Exit::failed, "create staging directory {}: {}", path.native(), errno_text(errno));
  }
  // The lock before the final mode: pitr-archive, if it runs as another user, sees the directory locked or not at all.
  lock_ = std::make_unique<LockFile>(path / lock_name, directory_mode & 0666);
  open_file(path / complete_name, O_WRONLY | O_CREAT | O_EXCL, directory_mode & 0666);
  if (::chmod(path.c_str(), directory_mode) != 0) {
    fail(Exit::failed, "chmod {}: {}", path.native(), errno_text(errno));
  }
}

Staging::~Staging() {
  // With the lock still held: pitr-archive must not take a half removed directory for a standing one. It may be
  // writing into it; its failure there is none of the archive's.
  std::error_code ignored;
  for (int attempt = 0; attempt < 10 && std::filesystem::exists(path_, ignored); ++attempt) {
    std::filesystem::remove_all(path_, ignored);
  }
}

bool Staging::is_complete() const { return is_there(path_ / complete_name); }

void mark_staging_incomplete(const std::filesystem::path& path) { remove_file(path / complete_name); }

}  // namespace pitr
