#include "restore/wal/prefetch.h"

#include "common/os/lock.h"
#include "common/os/processes.h"
#include "common/postgres/postmaster.h"
#include "common/process/child.h"

namespace pitr {
namespace {

// Recovery has its files put there; pg_rewind, and a person, want one file and no more.
bool is_for_recovery(const RestoreRequest& request) {
  return request.target.parent_path().filename() == "pg_wal" &&
         request.target.filename().native().starts_with("RECOVERY");
}

}  // namespace

Prefetch::Prefetch(const std::filesystem::path& directory, int segments, const RestoreRequest& request,
                   Log& log)
    : request_(request), log_(log) {
  if (directory.empty() || segments == 0 || !request.system_identifier || !is_for_recovery(request)) return;
  spool_.emplace(directory, *request.system_identifier);
}

bool Prefetch::hand_over() {
  if (!spool_ || request_.name.kind() != WalKind::segment) return false;
  try {
    if (!spool_->open() || !spool_->hand_over(request_.name, request_.target)) return false;
    log_.note("Segment {} restored from {}", request_.name.text(), spool_->path().native());
    return true;
  } catch (const Error& error) {
    log_.detail("{} is not taken from the prefetched ones: {}", request_.name.text(), error.what());
    return false;
  }
}

void Prefetch::conclude(Answer answer, const std::function<std::vector<std::string>()>& worker) {
  if (!spool_) return;
  try {
    const Asker who = asker(request_.data_directory);
    if (who == Asker::other) return remove_unless_filled();
    if (request_.name.kind() != WalKind::segment) return;
    if (answer != Answer::restored) {
      if (!spool_->open()) return;
      spool_->forget();
      return remove_unless_filled();
    }
    spool_->create();
    spool_->remember(request_.name);
    // A standby that streams asks for one segment now and then.
    constexpr int first_for_standby = 2;
    const auto asked = spool_->asked();
    if (who != Asker::recovery && (!asked || asked->in_a_row < first_for_standby)) return;
    if (is_locked(spool_->worker_lock()) || !postmaster_of(request_.data_directory)) return;
    if (server_is_init())
      return log_.detail("no prefetch: the server is process 1, and nothing may outlive a call");
    start_detached(worker());
    log_.detail("A worker was started that prefetches into {}", spool_->path().native());
  } catch (const Error& error) {
    log_.detail("no prefetch: {}", error.what());
  }
}

// One that was killed could not do it.
void Prefetch::remove_unless_filled() {
  if (spool_->open() && !is_locked(spool_->worker_lock())) spool_->remove();
}

}  // namespace pitr
