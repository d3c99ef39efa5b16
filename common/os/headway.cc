#include "common/os/headway.h"

#include <sys/mman.h>

#include <cerrno>
#include <new>

#include "common/base/error.h"

namespace pitr {
namespace {

std::atomic<Headway::Counts*> watched = nullptr;

}  // namespace

Headway::Headway() {
  void* const shared =
      ::mmap(nullptr, sizeof(Counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) fail(Exit::failed, "mmap: {}", errno_text(errno));
  counts_ = new (shared) Counts{0, 0};
}

Headway::~Headway() { ::munmap(counts_, sizeof(Counts)); }

void Headway::count_here() { watched = counts_; }

void count_step() {
  if (Headway::Counts* const counts = watched) ++counts->steps;
}

void count_nap() {
  if (Headway::Counts* const counts = watched) ++counts->naps;
}

}  // namespace pitr
