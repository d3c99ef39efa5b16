#include "restore/wal/reply.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "common/os/file_source.h"
#include "common/os/headway.h"
#include "common/os/signals.h"
#include "common/os/temporary_file.h"
#include "common/process/process.h"
#include "common/store/place.h"
#include "common/wal/wal_archive.h"
#include "restore/wal/gap.h"

namespace pitr {
namespace {

using Clock = std::chrono::steady_clock;

enum class Finish { no, when_all_is_handed_over, at_once };

Finish finish_requested(const Patience& patience) {
  if (user_signal_caught()) return Finish::at_once;
  if (patience.finish_trigger.empty() || !is_there(patience.finish_trigger)) return Finish::no;
  FileSource source = open_regular(patience.finish_trigger);
  std::array<std::byte, 16> buffer;
  const std::string_view text(reinterpret_cast<const char*>(buffer.data()), read_full(source, buffer));
  return text == "NOW" || text == "NOW\n" ? Finish::at_once : Finish::when_all_is_handed_over;
}

// PostgreSQL falls back to its own copy when it gets none.
bool is_in_own_pg_wal(const RestoreRequest& request) {
  return is_there(request.data_directory / "pg_wal" / request.name.text());
}

// PostgreSQL removes the signal files at the end of recovery and only then asks for the parent's history.
bool is_last_history(const RestoreRequest& request, Asker who) {
  return who == Asker::other && request.name.kind() == WalKind::history &&
         request.target.filename() == "RECOVERYHISTORY";
}

// An answer of 1..125 then makes it write a history without ancestors, 126.. makes the next start run past
// the target.
bool is_history_at_end_of_recovery(const RestoreRequest& request, Asker who) {
  return is_last_history(request, who) && !is_in_own_pg_wal(request);
}

double retry_time(const RestoreRequest& request, const Patience& patience, Asker who) {
  if (who == Asker::recovery) return patience.retry_time;
  return is_history_at_end_of_recovery(request, who) ? patience.history_retry_time : 0;
}

// Has the segment lain in the archive for less than the delay? Every source decides for its own copy.
bool is_too_fresh(const RestoreRequest& request, const Patience& patience) {
  if (patience.recovery_delay <= 0 || request.name.kind() != WalKind::segment) return false;
  const auto now = std::chrono::system_clock::now();
  for (const Place& source : request.sources) {
    const auto store = open_store(source, {});
    for (const StoredWal& stored : find_wal(*store, request.name)) {
      const auto modified = store->modified(stored.name);
      if (modified && std::chrono::duration<double>(now - *modified).count() >= patience.recovery_delay)
        return false;
      if (modified) return true;
    }
  }
  return false;  // nowhere: there is nothing to hold back
}

// One look at everything that may be far away; no waiting for what has not come yet.
enum class Look { restored, absent, too_fresh };

Look look_once(const RestoreRequest& request, const Patience& patience, Finish finish, Log& log) {
  if (finish == Finish::no && is_too_fresh(request, patience)) return Look::too_fresh;
  return restore_file(request, log) ? Look::restored : Look::absent;
}

// A source may hang in the kernel (a dead NFS server), and a standby must not hang with it: neither its
// replication nor its promotion, during which PostgreSQL asks several times, at last without standby.signal.
// So the look is a process of its own that is left behind when it makes no headway; PostgreSQL asks again.
// A silent host is waited for as long as --remote-timeout says, which is looked at where it is waited for;
// only who is in a hurry gives it up before.
class Watch {
 public:
  Watch(const RestoreRequest& request, const Headway& headway) : request_(request), headway_(headway) {}

  bool is_lost() {
    const bool in_a_hurry = promotion_requested(request_.data_directory) || is_in_own_pg_wal(request_);
    const std::uint32_t steps = headway_.steps(), naps = headway_.naps();
    if (steps != last_steps_ || (naps != last_naps_ && !in_a_hurry)) last_headway_ = Clock::now();
    last_steps_ = steps;
    last_naps_ = naps;
    const double limit = in_a_hurry ? 2 : 4;
    return std::chrono::duration<double>(Clock::now() - last_headway_).count() > limit;
  }

 private:
  const RestoreRequest& request_;
  const Headway& headway_;
  std::uint32_t last_steps_ = 0, last_naps_ = 0;
  Clock::time_point last_headway_ = Clock::now();
};

Look look_apart(const RestoreRequest& request, const Patience& patience, Finish finish, Log& log) {
  Headway headway;
  Watch watch(request, headway);
  const auto look = [&] {
    headway.count_here();
    return static_cast<int>(look_once(request, patience, finish, log));
  };
  const auto result = run_apart(look, [&] { return watch.is_lost(); });
  if (!result) {
    // It was killed, and may have had no time to clean up.
    const std::filesystem::path parent = request.target.parent_path();
    remove_dead_temporaries_of(open_file(parent.empty() ? "." : parent, O_RDONLY | O_DIRECTORY),
                               request.target.filename());
    fail(Exit::failed, "restore {}: the source does not answer", request.name.text());
  }
  return static_cast<Look>(*result);
}

// Until it does not throw or the time for retries is over, with growing pauses.
Look look_with_retries(const RestoreRequest& request, const Patience& patience, Asker who, Finish finish,
                       Log& log) {
  const double seconds = retry_time(request, patience, who);
  const bool apart = who == Asker::standby || is_last_history(request, who);
  const auto start = Clock::now();
  for (double pause = 0.5;; pause = std::min(pause * 2, 10.0)) {
    try {
      return apart ? look_apart(request, patience, finish, log) : look_once(request, patience, finish, log);
    } catch (const Error& error) {
      if (std::chrono::duration<double>(Clock::now() - start).count() + pause > seconds) throw;
      log.error("{}; trying again in {:.1f} s", error.what(), pause);
    }
    pause_for(pause);
  }
}

Look look(const RestoreRequest& request, const Patience& patience, Asker who, Finish finish, Log& log) {
  const Look result = look_with_retries(request, patience, who, finish, log);
  // Every source was reached and none has it.
  if (result == Look::absent && who == Asker::recovery && !patience.gap_ends_recovery) refuse_gap(request);
  return result;
}

}  // namespace

Answer reply(const RestoreRequest& request, const Patience& patience, Prefetch& prefetch, Log& log) {
  // The first timeline has no ancestors and no history; PostgreSQL asks for it all the same when it promotes.
  if (request.name == WalName::history(Timeline{1})) return Answer::absent;
  for (bool waited = false;; waited = true) {
    const Asker who = asker(request.data_directory);
    if (waited && who == Asker::standby && promotion_requested(request.data_directory))
      return Answer::ask_again;
    const Finish finish = finish_requested(patience);
    if (finish == Finish::at_once) {
      log.error("Recovery is ended at once, as asked for; {} is not handed over", request.name.text());
      return Answer::absent;
    }
    if (is_behind_end(request)) {
      // A standby, or pg_rewind, was given no end: what is not handed over to it is not absent.
      if (who != Asker::recovery)
        fail(Exit::failed, "{} lies behind --until {}", request.name.text(), request.until->text());
      log.note("{} lies behind {}, with which this recovery ends", request.name.text(),
               request.until->text());
      return Answer::absent;
    }
    if (prefetch.hand_over()) return Answer::restored;
    const Look result = look(request, patience, who, finish, log);
    if (result == Look::restored) return Answer::restored;
    const bool waits = patience.wait && finish == Finish::no && request.name.kind() == WalKind::segment;
    if (result == Look::absent && !waits) return Answer::absent;
    if (!waited) log.note("Waiting for {}", request.name.text());
    pause_for(1);
  }
}

Answer answer_for_failure(const RestoreRequest& request) {
  const Asker who = asker(request.data_directory);
  return is_history_at_end_of_recovery(request, who) ? Answer::stop_recovery : answer_for_failure(who);
}

}  // namespace pitr
