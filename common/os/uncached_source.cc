#include "common/os/uncached_source.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

namespace pitr {
namespace {

// Smaller steps do not drop large folios, which are then skipped (seen on ext4, Linux 6.18).
constexpr std::uint64_t window_size = 8 << 20;

// False also when it cannot be found out: then nothing is dropped.
bool is_free_of_cached_pages(const Fd& file, std::uint64_t offset) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  void* map = ::mmap(nullptr, window_size, PROT_READ, MAP_SHARED, file.number(), static_cast<off_t>(offset));
  if (map == MAP_FAILED) return false;
  std::vector<unsigned char> resident(window_size / page);
  const bool known = ::mincore(map, window_size, resident.data()) == 0;
  ::munmap(map, window_size);
  return known && std::ranges::none_of(resident, [](unsigned char flags) { return (flags & 1) != 0; });
}

std::vector<bool> droppable_windows(const Fd& file) {
  const auto size = static_cast<std::uint64_t>(file_status(file).st_size);
  std::vector<bool> droppable;
  for (std::uint64_t offset = 0; offset < size; offset += window_size) {
    droppable.push_back(is_free_of_cached_pages(file, offset));
  }
  return droppable;
}

}  // namespace

UncachedSource::UncachedSource(const Fd& file) : file_(file) {}

UncachedSource::~UncachedSource() { drop_windows_before(droppable_.size() * window_size); }

std::size_t UncachedSource::read(std::span<std::byte> buffer) {
  if (has_dontcache_) {
    if (const auto n = read_at_uncached(file_, buffer, offset_)) {
      offset_ += *n;
      return *n;
    }
    has_dontcache_ = false;
    droppable_ = droppable_windows(file_);
  }
  const std::size_t n = read_at(file_, buffer, offset_);
  offset_ += n;
  drop_windows_before(offset_);
  return n;
}

void UncachedSource::drop_windows_before(std::uint64_t offset) {
  for (; next_to_drop_ < droppable_.size() && (next_to_drop_ + 1) * window_size <= offset; ++next_to_drop_) {
    if (!droppable_[next_to_drop_]) continue;
    ::posix_fadvise(file_.number(), static_cast<off_t>(next_to_drop_ * window_size),
                    static_cast<off_t>(window_size), POSIX_FADV_DONTNEED);
  }
}

}  // namespace pitr
