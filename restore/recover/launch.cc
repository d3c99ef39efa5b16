#include "restore/recover/launch.h"

#include <signal.h>

#include <chrono>
#include <optional>
#include <vector>

#include "common/os/file.h"
#include "common/os/processes.h"
#include "common/os/signals.h"
#include "common/os/text_file.h"
#include "common/postgres/control_file.h"
#include "common/postgres/postmaster.h"
#include "common/postgres/server.h"
#include "common/process/process.h"

namespace pitr {
namespace {

std::string end_of(const std::string& text, std::size_t lines) {
  std::size_t at = text.size();
  for (std::size_t i = 0; i <= lines && at != text.npos && at > 0; ++i) at = text.rfind('\n', at - 1);
  return at == text.npos || at == 0 ? text : text.substr(at + 1);
}

// Recovery stands at its target and waits.
bool is_paused(const Postmaster& postmaster) {
  Server server({postmaster.socket_directory.empty() ? postmaster.address : postmaster.socket_directory,
                 postmaster.port, "", "postgres"},
                "pitr-recover");
  const char* query = server.major() >= 14 ? "SELECT pg_get_wal_replay_pause_state() = 'paused'"
                                           : "SELECT pg_is_wal_replay_paused()";
  return server.value(query) == "t";
}

// Ends a server that nobody waits for any more. It looks into no file: after a signal nothing can be read.
class Stopper {
 public:
  explicit Stopper(std::filesystem::path data_directory) : data_directory_(std::move(data_directory)) {}
  ~Stopper() {
    std::error_code code;
    // Unless it has ended, and its number is somebody else's.
    if (process_ > 0 && std::filesystem::equivalent(working_directory(process_), data_directory_, code))
      ::kill(process_, SIGQUIT);
  }
  Stopper(const Stopper&) = delete;
  Stopper& operator=(const Stopper&) = delete;
  void arm(pid_t process) { process_ = process; }
  void disarm() { process_ = 0; }

 private:
  std::filesystem::path data_directory_;
  pid_t process_ = 0;
};

class Waiter {
 public:
  Waiter(const Launch& launch, Log& log) : launch_(launch), log_(log) {}

  void wait() {
    for (;; pause_for(0.1)) {
      const auto postmaster = read_postmaster(launch_.data_directory);
      if (!postmaster) return judge_end();
      if (is_there(*postmaster)) return;
    }
  }

 private:
  // "ready" means that queries are taken, in hot standby too; "standby" is a recovery that takes none.
  bool is_there(const Postmaster& postmaster) {
    const bool is_ready = postmaster.status.starts_with("ready");
    switch (launch_.until) {
      case Until::in_production:
        return is_ready && is_in_production();
      case Until::standby:
        return is_ready || postmaster.status.starts_with("standby");
      case Until::stopped:
        return false;
      case Until::paused:
        return is_ready && (is_in_production() || paused_or_unknown(postmaster));
    }
    return false;
  }

  bool is_in_production() const {
    constexpr std::uint32_t in_production = 6;
    return read_control_file(launch_.data_directory).state == in_production;
  }

  // A server that is just ending refuses, too: who does not answer is asked again for a while.
  bool paused_or_unknown(const Postmaster& postmaster) {
    using Clock = std::chrono::steady_clock;
    constexpr std::chrono::seconds patience{10};
    try {
      return is_paused(postmaster);
    } catch (const Error& error) {
      if (!refused_since_) refused_since_ = Clock::now();
      if (Clock::now() - *refused_since_ < patience) return false;
      log_.error("the server runs, but does not let us ask whether it has reached the target: {}",
                 error.what());
      return true;
    }
  }

  void judge_end() const {
    constexpr std::uint32_t shut_down_in_recovery = 2;
    if (launch_.until == Until::stopped &&
        read_control_file(launch_.data_directory).state == shut_down_in_recovery)
      return;
    const auto path = launch_log(launch_.data_directory);
    const std::string end = end_of(read_text_if_there(path, 0), 10);
    fail(stopped_at_what_it_replayed(end) ? Exit::damaged : Exit::failed,
         "the server ended before it was there; the end of {}:\n{}", path.native(), end);
  }

  // It had begun to replay and has refused to go on. Without room, or killed, it says nothing of the backup.
  bool stopped_at_what_it_replayed(const std::string& log) const {
    constexpr std::uint32_t in_archive_recovery = 5;
    const bool refused = log.find("FATAL:") != log.npos || log.find("PANIC:") != log.npos;
    return refused && log.find(errno_text(ENOSPC)) == log.npos &&
           read_control_file(launch_.data_directory).state == in_archive_recovery;
  }

  const Launch& launch_;
  Log& log_;
  std::optional<std::chrono::steady_clock::time_point> refused_since_;
};

}  // namespace

std::filesystem::path launch_log(const std::filesystem::path& data_directory) {
  return data_directory / "pitr-recover.log";
}

double launch(const Launch& launch, Log& log) {
  forget_other_servers();
  const auto start = std::chrono::steady_clock::now();
  Stopper stopper(launch.data_directory);
  const int status = run({launch.pg_ctl, "-D", launch.data_directory.native(), "-l",
                          launch_log(launch.data_directory).native(), "-s", "-W", "start"},
                         launch.data_directory);
  if (status != 0) fail(Exit::failed, "{} start: status {}", launch.pg_ctl, status);
  // The server writes postmaster.pid a moment after pg_ctl has ended.
  auto server = read_postmaster(launch.data_directory);
  for (int i = 0; i < 100 && !server; ++i, server = read_postmaster(launch.data_directory)) pause_for(0.05);
  if (server && launch.stop_on_failure) stopper.arm(server->process);
  Waiter(launch, log).wait();
  stopper.disarm();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace pitr
