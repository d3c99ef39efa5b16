#include "common/os/temporary_file.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <ctime>
#include <functional>

#include "common/os/directory.h"
#include "common/os/lock.h"
#include "common/os/signals.h"

namespace pitr {
namespace {

constexpr std::string_view temporary_mark = ".tmp.";
// See ssh_far_side.sh.
constexpr std::string_view ssh_mark = "ssh";
constexpr std::string_view slot_mark = "slot";
constexpr int temporary_slots = 100;  // more live writers of one name than this are an error, not a wait

std::string temporary_name(const std::string& name, int slot) {
  return fmt::format("{}{}{}", name, temporary_mark, slot);
}

// openat(2) whose failure is in errno, but for EINTR.
int open_at(const Fd& directory, const std::string& name, int flags) {
  for (;;) {
    throw_if_signalled();
    const int number = ::openat(directory.number(), name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (number >= 0 || errno != EINTR) return number;
  }
}

// What follows ".tmp." and `mark`; "" when the name has no such mark.
std::string behind_mark(std::string_view name, std::string_view mark) {
  const std::string_view tail = name.substr(name.rfind(temporary_mark) + temporary_mark.size());
  return tail.starts_with(mark) ? std::string(tail.substr(mark.size())) : std::string();
}

bool has_process(const std::string& pid) {
  int number = 0;
  std::from_chars(pid.data(), pid.data() + pid.size(), number);
  return number > 0 && (::kill(number, 0) == 0 || errno == EPERM);
}

// Is "NAME.tmp.sshPID" of a shell that is alive?
bool is_written_over_ssh(std::string_view name) { return has_process(behind_mark(name, ssh_mark)); }

bool is_young(const Fd& directory, const std::string& name) {
  constexpr std::time_t day = 24 * 60 * 60;
  struct stat status {};
  return ::fstatat(directory.number(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 ||
         status.st_mtime + day > ::time(nullptr);
}

// The pid in "NAME.tmp.slotN"; "" when it is no such link.
std::string pid_in_slot(const Fd& directory, const std::string& name) {
  char pid[32];
  if (behind_mark(name, slot_mark).empty()) return {};
  const ssize_t length = ::readlinkat(directory.number(), name.c_str(), pid, sizeof pid);
  return length > 0 ? std::string(pid, static_cast<std::size_t>(length)) : std::string();
}

// Removes `name` when its writer is dead; false when it is alive. Only who holds the lock of the very file
// that the name stands for removes the name, so a name is never taken from a live writer.
bool remove_if_dead(const Fd& directory, const std::string& name) {
  if (const std::string pid = pid_in_slot(directory, name); !pid.empty()) {
    return !has_process(pid) && ::unlinkat(directory.number(), name.c_str(), 0) == 0;
  }
  const bool is_shells = !behind_mark(name, ssh_mark).empty();
  if (is_shells && (is_written_over_ssh(name) || is_young(directory, name))) return false;
  const int number = open_at(directory, name, O_RDWR | O_NONBLOCK);
  if (number < 0) return errno == ENOENT;  // one of another user, or no file at all, is left to its owner
  const Fd file(number, joined_name(directory, name));
  if (!S_ISREG(file_status(file).st_mode) || try_lock(file) != Locked::yes) return false;
  // Only unlinked, never truncated: a run that died between link and unlink left a second name of the stored
  // file.
  return !is_name_of(directory, name, file) || ::unlinkat(directory.number(), name.c_str(), 0) == 0;
}

// Removes what dead writers of `target` left, from `slot` on: the slots are filled from the front, a free one
// ends the row.
void remove_dead(const Fd& directory, const std::string& target, int slot) {
  for (; slot < temporary_slots; ++slot) {
    const std::string name = temporary_name(target, slot);
    if (::faccessat(directory.number(), name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) != 0) return;
    remove_if_dead(directory, name);
  }
}

// Is it true of any temporary name in the directory? Asked of one after the other, until it is.
bool any_temporary(const Fd& directory, const std::function<bool(const std::string&)>& is_true) {
  bool any = false;
  list_directory(directory, [&](const std::string& name) {
    any = is_temporary_name(name) && is_true(name);
    return !any;
  });
  return any;
}

}  // namespace

// The first free N is taken, so the next writer of that name finds what a dead one left without listing the
// directory.
TemporaryFile create_temporary(const Fd& directory, const std::string& target, mode_t mode) {
  for (int slot = 0; slot < temporary_slots; ++slot) {
    const std::string name = temporary_name(target, slot);
    for (int attempt = 0; attempt < 10; ++attempt) {
      const int number = open_at(directory, name, O_WRONLY | O_CREAT | O_EXCL);
      if (number < 0) {
        if (errno != EEXIST)
          fail(Exit::failed, "create {}: {}", joined_name(directory, name), errno_text(errno));
        if (!remove_if_dead(directory, name)) break;
        continue;
      }
      TemporaryFile temporary{name, Fd(number, joined_name(directory, name))};
      // Between open and lock another writer may have taken the new file for a dead one's: then it is gone.
      if (try_lock(temporary.file) == Locked::no || !is_name_of(directory, name, temporary.file)) continue;
      // Not left to the umask.
      if (::fchmod(temporary.file.number(), mode) != 0) {
        const int error = errno;
        ::unlinkat(directory.number(), name.c_str(), 0);
        fail(Exit::failed, "chmod {}: {}", temporary.file.name(), errno_text(error));
      }
      // Of two writers the one that died may have been the second.
      remove_dead(directory, target, slot + 1);
      return temporary;
    }
  }
  fail(Exit::failed, "create {}: {} writers are busy with it", joined_name(directory, target),
       temporary_slots);
}

bool is_temporary_name(std::string_view name) {
  const auto mark = name.rfind(temporary_mark);
  if (mark == std::string_view::npos || mark == 0) return false;
  std::string_view slot = name.substr(mark + temporary_mark.size());
  for (const std::string_view shells : {ssh_mark, slot_mark}) {
    if (slot.starts_with(shells)) {
      slot.remove_prefix(shells.size());
      break;
    }
  }
  return !slot.empty() && slot.find_first_not_of("0123456789") == std::string_view::npos;
}

std::filesystem::path first_temporary_of(const std::filesystem::path& path) {
  return temporary_name(path.native(), 0);
}

void remove_dead_temporaries_of(const Fd& directory, const std::string& target) {
  // From the second slot, too, when the first one is free: its writer may have ended well before the other
  // one died.
  for (const int slot : {0, 1}) remove_dead(directory, target, slot);
}

void remove_dead_temporaries(const Fd& directory) {
  any_temporary(directory, [&](const std::string& name) {
    remove_if_dead(directory, name);
    return false;
  });
}

bool has_living_temporaries(const std::filesystem::path& path) {
  const Fd directory = open_file(path, O_RDONLY | O_DIRECTORY);
  return any_temporary(directory, [&](const std::string& name) {
    return is_written_over_ssh(name) || is_locked(directory, name);
  });
}

}  // namespace pitr
