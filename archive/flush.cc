#include "archive/flush.h"

#include <algorithm>
#include <atomic>

#include "archive/destinations.h"
#include "archive/job.h"
#include "common/os/lock.h"
#include "common/os/parallel_for.h"
#include "common/os/signals.h"
#include "common/process/child.h"
#include "common/wal/wal_archive.h"

namespace pitr {
namespace {

// Who works in the background tries a dead host again now and then, and gives up in the end: the next call
// starts another one.
constexpr double pause_after_failure = 5;
constexpr int most_attempts = 12;

// What waits for one destination.
class Backlog {
 public:
  Backlog(const Place& place, const Archiving& archiving)
      : place_(place), archiving_(archiving), spool_(*archiving.targets.spool), queue_(spool_.queue(place)) {}

  // False: the time is over.
  bool deliver(FlushEnd end) {
    std::size_t delivered = 0;
    for (auto names = spool_.waiting(place_); !names.empty(); names = spool_.waiting(place_)) {
      const auto store =
          in_context("deliver to " + place_.place, [&] { return archiving_.destinations.open(place_); });
      for (const WalName& name : names) {
        if (std::chrono::steady_clock::now() > end) return false;
        in_context(fmt::format("deliver {} to {}", name.text(), place_.place), [&] { deliver(store, name); });
        ++delivered;
      }
    }
    if (delivered > 0)
      archiving_.log.note("{} files that waited in the spool are at {}.", delivered, place_.place);
    return true;
  }

 private:
  void deliver(const std::shared_ptr<Store>& store, const WalName& name) {
    for (StoredWal& stored : find_wal(*queue_, name)) {
      const Name file = stored.name;
      const Codec codec = stored.codec;
      // It has lain on a disk meanwhile.
      read_wal(*queue_, std::move(stored), expectation(name, archiving_), std::make_unique<NullSink>());
      const OriginalWal original{name, queue_->describe(file), [this, file, codec] {
                                   return decompressed(codec, file.text(), queue_->open(file));
                                 }};
      if (const auto sink = put_wal(store, codec, original)) {
        copy(*queue_->open(file), *sink);
        sink->finish();
      }
      queue_->remove(file);
    }
  }

  const Place& place_;
  const Archiving& archiving_;
  const Spool& spool_;
  const std::unique_ptr<Store> queue_;
};

std::vector<Place> places_behind(const ArchiveTargets& targets) {
  std::vector<Place> behind;
  std::ranges::copy_if(targets.destinations, std::back_inserter(behind),
                       [&](const Place& place) { return targets.spool->is_behind(place); });
  return behind;
}

}  // namespace

bool flush(const Archiving& archiving, FlushEnd end) {
  const auto behind = places_behind(archiving.targets);
  std::atomic<bool> all = true;
  // Each waits for its own host mostly, so each has a thread.
  parallel_for(behind.size(), behind.size(), [&](std::size_t i) {
    try {
      const LockFile alone(archiving.targets.spool->lock_path(behind[i]), archiving.cluster.openness.file);
      if (!Backlog(behind[i], archiving).deliver(end)) all = false;
    } catch (const Error& error) {
      all = false;
      archiving.log.error("{}", error.what());
    }
  });
  throw_if_signalled();
  return all;
}

bool flush_patiently(const Archiving& archiving) {
  const auto lock = archiving.targets.spool->worker_path();
  if (is_locked(lock)) return true;
  const LockFile alone(lock, archiving.cluster.openness.file);
  for (int attempt = 1; !flush(archiving); ++attempt) {
    if (attempt == most_attempts) return false;
    pause_for(pause_after_failure);
  }
  return true;
}

void flush_in_background(const ArchiveTargets& targets, const std::vector<std::string>& words) {
  if (!is_locked(targets.spool->worker_path()) && !places_behind(targets).empty()) start_detached(words);
}

}  // namespace pitr
