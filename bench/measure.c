// Runs a command and stores what it cost: measure RESULT TIMES COMMAND...
// One line goes into RESULT: seconds until the command ended, seconds of user and system time of all that it
// started, and the peak memory in KiB of the largest of those processes. With TIMES > 1 it runs so often in a
// row, and the times are of one run. Small itself, because a process counts the memory of the one that
// started it as its own.
#define _GNU_SOURCE
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char** environ;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double seconds(struct timeval time) { return (double)time.tv_sec + (double)time.tv_usec / 1e6; }

int main(int argc, char** argv) {
  if (argc < 4) return 125;
  const int times = atoi(argv[2]);
  // A process that detaches itself (the asynchronous pgBackRest does) becomes our child when its parent ends.
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  const double start = now();
  int status = 0;
  for (int i = 0; i < times && status == 0; ++i) {
    pid_t child;
    const int error = posix_spawnp(&child, argv[3], NULL, NULL, argv + 3, environ);
    if (error != 0) {
      fprintf(stderr, "measure: %s: %s\n", argv[3], strerror(error));
      return 127;
    }
    pid_t ended;
    do {
      ended = waitpid(-1, &status, 0);
    } while (ended != child);
  }
  const double elapsed = (now() - start) / times;
  // What works on in the background is paid for, too, unless it is there to stay.
  for (int i = 0; i < 200 && waitpid(-1, NULL, WNOHANG) >= 0; ++i) usleep(10000);
  struct rusage usage;
  getrusage(RUSAGE_CHILDREN, &usage);
  FILE* result = fopen(argv[1], "w");
  if (result == NULL) return 126;
  fprintf(result, "%.6f %.6f %ld\n", elapsed, (seconds(usage.ru_utime) + seconds(usage.ru_stime)) / times,
          usage.ru_maxrss);
  if (fclose(result) != 0) return 126;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
