#include "tests/unit/system_calls.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace pitr {
namespace {

SystemCalls* active = nullptr;

// Whether the call may pass; else errno is set.
bool passes(const char* call) {
  if (active == nullptr) return true;
  const int error = active->on_call ? active->on_call(call) : 0;
  if (error == 0) active->trace += (active->trace.empty() ? "" : ", ") + std::string(call);
  errno = error;
  return error == 0;
}

}  // namespace

SystemCalls::SystemCalls() { active = this; }
SystemCalls::~SystemCalls() { active = nullptr; }

}  // namespace pitr

using pitr::passes;

// The linker takes these instead of the library's.
extern "C" {

int linkat(int from_at, const char* from, int to_at, const char* to, int flags) noexcept {
  return passes("linkat") ? static_cast<int>(::syscall(SYS_linkat, from_at, from, to_at, to, flags)) : -1;
}

int renameat2(int from_at, const char* from, int to_at, const char* to, unsigned int flags) noexcept {
  return passes("renameat2") ? static_cast<int>(::syscall(SYS_renameat2, from_at, from, to_at, to, flags))
                             : -1;
}

int renameat(int from_at, const char* from, int to_at, const char* to) noexcept {
  return passes("renameat") ? static_cast<int>(::syscall(SYS_renameat2, from_at, from, to_at, to, 0)) : -1;
}

int unlinkat(int at, const char* path, int flags) noexcept {
  return passes("unlinkat") ? static_cast<int>(::syscall(SYS_unlinkat, at, path, flags)) : -1;
}

int fsync(int number) {
  struct stat status {};
  const bool is_directory = ::fstat(number, &status) == 0 && S_ISDIR(status.st_mode);
  const char* call = is_directory ? "fsync directory" : "fsync file";
  return passes(call) ? static_cast<int>(::syscall(SYS_fsync, number)) : -1;
}

int poll(pollfd* events, nfds_t count, int milliseconds) {
  if (pitr::active != nullptr && pitr::active->on_poll) pitr::active->on_poll();
  timespec time{milliseconds / 1000, milliseconds % 1000 * 1'000'000L};
  return ::ppoll(events, count, milliseconds < 0 ? nullptr : &time, nullptr);
}
}
