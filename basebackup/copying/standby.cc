#include "basebackup/copying/standby.h"

#include "common/os/signals.h"

namespace pitr {

void wait_for_restartpoint(const Cluster& cluster, Lsn start, Server* standby, std::chrono::seconds patience,
                           const std::function<void()>& each, Log& log) {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(Clock::now() - begin).count(); };
  log.note("Waiting for a restartpoint of the standby with REDO at or behind {}.", to_string(start));
  for (;;) {
    const Lsn redo = read_control_file(cluster.data_directory).redo;
    if (redo >= start) {
      log.note("Restartpoint with REDO {} came after {:.0f} seconds.", to_string(redo), seconds());
      return;
    }
    if (seconds() > static_cast<double>(patience.count())) {
      fail(Exit::failed,
           "no restartpoint of the standby at or behind {} within {} s, the last is {} (is it replaying?)",
           to_string(start), patience.count(), to_string(redo));
    }
    // On a standby this makes a restartpoint of the last checkpoint that was replayed.
    if (standby != nullptr) standby->query("CHECKPOINT");
    each();
    pause_for(0.5);
  }
}

}  // namespace pitr
