// An LD_PRELOAD for what a system may do and rarely does. FAULT is a list of words:
//   short   read and write take a part of what they are given
//   eintr   every other read, write, fsync and open is interrupted
//   clock   the wall clock jumps a day back and forth
// FAULT_COUNT names a file that receives how many faults happened: a case without one proves nothing.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int is_set(const char* word) {
  const char* faults = getenv("FAULT");
  return faults != NULL && strstr(faults, word) != NULL;
}

static unsigned calls;
static unsigned faults;

static int interrupted(void) {
  static unsigned odd;
  if (!is_set("eintr") || ++odd % 2 == 0) return 0;
  ++faults;
  errno = EINTR;
  return 1;
}

static size_t shortened(size_t size) {
  const size_t part = 1 + ++calls * 7919 % 9000;
  if (!is_set("short") || part >= size) return size;
  ++faults;
  return part;
}

__attribute__((destructor)) static void tell(void) {
  const char* path = getenv("FAULT_COUNT");
  if (path == NULL) return;
  char text[16];
  const int size = snprintf(text, sizeof text, "%u", faults);
  const long fd = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND, 0600);
  syscall(SYS_write, fd, text, size);
  syscall(SYS_close, fd);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t read(int fd, void* buffer, size_t size) {
  return interrupted() ? -1 : REAL(read)(fd, buffer, shortened(size));
}
ssize_t pread(int fd, void* buffer, size_t size, off_t offset) {
  return interrupted() ? -1 : REAL(pread)(fd, buffer, shortened(size), offset);
}
ssize_t write(int fd, const void* buffer, size_t size) {
  return interrupted() ? -1 : REAL(write)(fd, buffer, shortened(size));
}
int fsync(int fd) { return interrupted() ? -1 : REAL(fsync)(fd); }
int fdatasync(int fd) { return interrupted() ? -1 : REAL(fdatasync)(fd); }

static int open_at(int at, const char* path, int flags, mode_t mode) {
  return interrupted() ? -1 : (int)syscall(SYS_openat, at, path, flags, mode);
}
#define MODE_BEHIND(flags)                  \
  va_list rest;                             \
  va_start(rest, flags);                    \
  const mode_t mode = va_arg(rest, mode_t); \
  va_end(rest)
int openat(int at, const char* path, int flags, ...) {
  MODE_BEHIND(flags);
  return open_at(at, path, flags, mode);
}
int openat64(int at, const char* path, int flags, ...) {
  MODE_BEHIND(flags);
  return open_at(at, path, flags, mode);
}

int clock_gettime(clockid_t clock, struct timespec* time) {
  const int result = REAL(clock_gettime)(clock, time);
  if (clock == CLOCK_REALTIME && is_set("clock")) {
    ++faults;
    time->tv_sec += ++calls % 2 != 0 ? 86400 : -86400;
  }
  return result;
}
