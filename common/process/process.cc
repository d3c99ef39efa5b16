#include "common/process/process.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "common/os/fd.h"
#include "common/os/signals.h"
#include "common/process/child.h"

namespace pitr {
namespace {

void become(uid_t user, gid_t group, const std::string& description) {
  const struct passwd* entry = ::getpwuid(user);
  const bool has_groups =
      entry == nullptr ? ::setgroups(0, nullptr) == 0 : ::initgroups(entry->pw_name, group) == 0;
  // The groups first: afterwards there is no right to change them.
  if (!has_groups || ::setgid(group) != 0 || ::setuid(user) != 0) {
    fail(Exit::failed, "become {}: {}", description, errno_text(errno));
  }
  // libpq, ssh and others look there for passwords and keys.
  ::unsetenv("XDG_RUNTIME_DIR");
  if (entry == nullptr) return;
  ::setenv("HOME", entry->pw_dir, 1);
  for (const char* name : {"USER", "LOGNAME"}) ::setenv(name, entry->pw_name, 1);
}

}  // namespace

int run(const std::vector<std::string>& words, const std::filesystem::path& directory) {
  Child child([&]() -> int { execute(words, directory); });
  while (!child.ended()) throw_if_signalled();
  return child.status();
}

std::optional<int> run_reading(const std::vector<std::string>& words,
                               const std::vector<std::string>& environment,
                               const std::function<bool(const std::string& line)>& each) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) fail(Exit::failed, "pipe: {}", errno_text(errno));
  const Fd reader(ends[0], words.front());
  Fd writer(ends[1], "pipe");
  Child child([&]() -> int {
    const int nothing = ::open("/dev/null", O_WRONLY);
    ::dup2(writer.number(), STDOUT_FILENO);
    ::dup2(nothing, STDERR_FILENO);
    for (const std::string& variable : environment) ::putenv(const_cast<char*>(variable.c_str()));
    execute(words, ".");
  });
  writer.close();
  std::string rest;
  std::vector<std::byte> buffer(64 * 1024);
  for (std::size_t n = read_some(reader, buffer); n > 0; n = read_some(reader, buffer)) {
    rest.append(reinterpret_cast<const char*>(buffer.data()), n);
    std::size_t begin = 0;
    for (std::size_t end = rest.find('\n'); end != rest.npos; end = rest.find('\n', begin)) {
      if (!each(rest.substr(begin, end - begin))) return std::nullopt;
      begin = end + 1;
    }
    rest.erase(0, begin);
  }
  if (!rest.empty() && !each(rest)) return std::nullopt;
  while (!child.ended()) throw_if_signalled();
  return child.status();
}

std::optional<int> run_apart(const std::function<int()>& work, const std::function<bool()>& give_up) {
  // An Error comes back through a pipe, its code first; a message of that size never blocks the writer.
  constexpr std::size_t longest_message = 4000;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) fail(Exit::failed, "pipe: {}", errno_text(errno));
  const Fd reader(ends[0], "pipe");
  Fd writer(ends[1], "pipe");
  const auto tell = [&](Exit code, const char* reason) {
    const std::string message = static_cast<char>(code) + std::string(reason).substr(0, longest_message - 1);
    write_all(writer, as_bytes(message));
    return child_threw;
  };
  Child child([&] {
    try {
      return work();
    } catch (const Error& error) {
      return tell(error.code(), error.what());
    } catch (const std::exception& error) {
      return tell(Exit::failed, error.what());
    }
  });
  writer.close();
  while (!child.ended()) {
    throw_if_signalled();
    if (give_up()) return std::nullopt;
  }
  if (child.status() < child_threw) return child.status();
  std::string message(longest_message, '\0');
  message.resize(read_some(reader, std::as_writable_bytes(std::span(message))));
  if (message.empty()) fail(Exit::failed, "a process of ours ended with status {}", child.status());
  throw Error(static_cast<Exit>(message[0]), message.substr(1));
}

void become_owner_of(const std::filesystem::path& data_directory) {
  if (::geteuid() != 0) return;
  const struct stat status = file_status(open_file(data_directory, O_RDONLY | O_DIRECTORY));
  if (status.st_uid == 0) return;
  become(status.st_uid, status.st_gid,
         fmt::format("the owner of {} (uid {})", data_directory.native(), status.st_uid));
}

void become_user(const std::string& name) {
  const struct passwd* user = ::getpwnam(name.c_str());
  if (user == nullptr) fail(Exit::usage, "{}: there is no such user", name);
  if (::geteuid() == user->pw_uid) return;
  if (::geteuid() != 0) fail(Exit::usage, "become {}: only root can", name);
  become(user->pw_uid, user->pw_gid, name);
}

void be_nice() {
  // Neither can fail for an ordinary process, and a backup at full priority is still a backup.
  (void)::setpriority(PRIO_PROCESS, 0, 10);
  // linux/ioprio.h: class best-effort (2) in the bits from 13, level 7 below; "who" 1 is a process.
  (void)::syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 7);
}

}  // namespace pitr
