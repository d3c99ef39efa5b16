#include "restore/wal/prefetcher.h"

#include <algorithm>
#include <chrono>

#include "common/os/lock.h"
#include "common/os/signals.h"
#include "common/postgres/postmaster.h"
#include "restore/wal/asker.h"
#include "restore/wal/prefetch_spool.h"
#include "restore/wal/restore.h"

namespace pitr {
namespace {

using Clock = std::chrono::steady_clock;

// A spool of large segments holds fewer of them.
constexpr std::uint64_t most_bytes = std::uint64_t{1} << 30;
// Of pauses between two looks at what the server got, in seconds; each one is longer than the one before.
constexpr double shortest_pause = 0.005, longest_pause = 0.25;

class Prefetcher {
 public:
  Prefetcher(const PrefetchOrder& order, PrefetchSpool& spool)
      : order_(order),
        spool_(spool),
        segments_(std::clamp<std::uint64_t>(most_bytes / order.cluster.segment_size.bytes(), 1,
                                            static_cast<std::uint64_t>(order.segments))),
        server_(postmaster_of(order.data_directory)) {}

  void run() {
    double pause = shortest_pause;
    while (!is_over()) {
      const auto asked = spool_.asked();
      if (asked != asked_) {
        asked_ = asked;
        last_call_ = Clock::now();
        has_more_ = asked.has_value();
        pause = shortest_pause;
      }
      if (has_more_) {
        has_more_ = fetch_next();
      } else {
        pause_for(pause);
        pause = std::min(pause * 2, longest_pause);
      }
    }
  }

 private:
  bool is_over() const {
    const std::filesystem::path& data_directory = order_.data_directory;
    // A server that was started again starts a worker of its own.
    if (!server_ || postmaster_of(data_directory) != server_) return true;
    if (asker(data_directory) == Asker::other) return true;
    if (std::chrono::duration<double>(Clock::now() - last_call_).count() > order_.idle_limit) return true;
    // What is left is for the server.
    return spool_.free_bytes() < 2 * order_.cluster.segment_size.bytes();
  }

  WalName behind(const WalName& segment, std::uint64_t count) const {
    const SegmentSize size = order_.cluster.segment_size;
    const Lsn start = segment.start(size).value_or(Lsn{});
    return WalName::segment(segment.timeline(), {start.value + count * size.bytes()}, size);
  }

  // False: there is nothing to do until the server asks again.
  bool fetch_next() {
    const WalName first = behind(asked_->segment, 1);
    const WalName last = behind(asked_->segment, segments_);
    // Of another timeline, or replayed already.
    spool_.drop_unless([&](const WalName& held) { return held >= first && held <= last; });
    const std::vector<WalName> held = spool_.segments();
    for (std::uint64_t count = 1; count <= segments_; ++count) {
      const WalName next = behind(asked_->segment, count);
      if (std::ranges::find(held, next) == held.end()) return fetch(next);
    }
    return false;
  }

  bool fetch(const WalName& segment) {
    if (spool_.free_bytes() < (segments_ + 2) * order_.cluster.segment_size.bytes()) return false;
    const RestoreRequest request{segment, spool_.loading(), order_.sources, order_.cluster.system_identifier,
                                 order_.data_directory};
    Log silent("pitr-restore");
    try {
      if (!restore_file(request, silent) || silent.has_errors()) return false;
      spool_.keep(segment);
      return true;
    } catch (const Error&) {
      return false;
    }
  }

  const PrefetchOrder& order_;
  PrefetchSpool& spool_;
  const std::uint64_t segments_;
  const std::optional<pid_t> server_;
  std::optional<PrefetchSpool::Asked> asked_;
  bool has_more_ = false;
  Clock::time_point last_call_ = Clock::now();
};

}  // namespace

void prefetch(const PrefetchOrder& order) {
  PrefetchSpool spool(order.directory, order.cluster.system_identifier);
  if (!spool.open()) return;
  const LockFile alone(spool.worker_lock(), 0600);
  try {
    Prefetcher(order, spool).run();
  } catch (const std::exception&) {
    // The next call starts another one, when it can.
  }
  spool.remove();
}

}  // namespace pitr
