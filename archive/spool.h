#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "common/postgres/wal.h"
#include "common/store/place.h"

namespace pitr {

// --spool-dir: what destinations that are not required have not got yet. Each has a queue, a directory that
// is named like the place in its normal form ('/' and '%' as in an URL) and holds WAL files as an archive
// does, compressed and synced.
class Spool {
 public:
  // `most`: bytes in all queues together.
  Spool(std::filesystem::path directory, std::uint64_t most, Openness openness);

  // Does anything wait for the destination? Then whatever comes has to wait behind it.
  bool is_behind(const Place& place) const;
  // The queue, created when it is not there.
  std::unique_ptr<Store> queue(const Place& place) const;
  // Throws when so many bytes more are too many.
  void require_room(std::uint64_t bytes, const Place& place) const;
  // What waits for the destination, the oldest first.
  std::vector<WalName> waiting(const Place& place) const;

  // The queues in which something waits and that belong to none of the destinations: one was renamed, or is
  // no longer given.
  std::vector<std::filesystem::path> queues_of_nobody(const std::vector<Place>& destinations) const;

  const std::filesystem::path& directory() const { return directory_; }
  // Locked while somebody delivers to the destination, and while somebody does so in the background.
  std::filesystem::path lock_path(const Place& place) const;
  std::filesystem::path queue_path(const Place& place) const;
  std::filesystem::path worker_path() const { return directory_ / "worker.lock"; }

 private:
  bool has_waiting(const std::filesystem::path& queue) const;
  std::uint64_t used() const;

  std::filesystem::path directory_;
  std::uint64_t most_;
  Openness openness_;
};

}  // namespace pitr
