#include "monitor/verify/drill_scratch.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <functional>
#include <system_error>

#include "common/base/error.h"
#include "common/os/processes.h"

namespace pitr {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view scratch_name = "pitr-drill";
constexpr const char* lock_name = "lock";

fs::path data_in(const fs::path& scratch) { return scratch / "data"; }

// Ends all processes that are meant. An immediate shutdown will do for a copy that is thrown away.
void stop_processes(const std::function<bool(pid_t)>& is_meant) {
  constexpr int naps = 600, nap_milliseconds = 50;
  for (int i = 0; i < naps; ++i) {
    bool any = false;
    for (const pid_t process : all_processes()) {
      if (!is_meant(process)) continue;
      any = true;
      ::kill(process, i < naps / 2 ? SIGQUIT : SIGKILL);
    }
    if (!any) return;
    ::poll(nullptr, 0, nap_milliseconds);
  }
}

// All processes of a server have its data directory as working directory, and nothing else has this one:
// surer than postmaster.pid, which a server that is just starting has not written yet.
bool is_of_server(pid_t process, const fs::path& scratch) {
  return working_directory(process) == data_in(scratch);
}

// The pitr-recover of a drill that was killed goes on by itself.
bool is_of_recovery(pid_t process, const fs::path& scratch) {
  const std::string words = process_text(process, "cmdline");
  const std::string word = "--data-dir=" + data_in(scratch).native();
  return words.find('\0' + word + '\0') != words.npos;
}

// The lock goes last: without it another drill would take what is still there for left behind.
std::error_code remove_with_lock_last(const fs::path& scratch) {
  std::error_code failure, code;
  for (fs::directory_iterator entry(scratch, code), end; !code && entry != end; entry.increment(code)) {
    std::error_code here;
    if (entry->path().filename() != lock_name) fs::remove_all(entry->path(), here);
    if (here) failure = here;
  }
  if (!failure && !code) fs::remove_all(scratch, code);
  return failure ? failure : code;
}

void tell_if_failed(const std::error_code& code, const fs::path& scratch, Findings& findings) {
  if (!code) return;
  findings.add({.kind = Finding::Kind::unknown,
                .file = scratch.native(),
                .reason = fmt::format("this scratch directory of a drill cannot be removed: {}",
                                      errno_text(code.value()))});
}

void remove_left(const fs::path& scratch, Findings& findings) {
  // An empty one is just being made, or is at the end of being removed.
  std::error_code code;
  if (fs::is_empty(scratch, code) || code || is_locked(scratch / lock_name)) return;
  const LockFile lock(scratch / lock_name, 0600);  // so that two drills do not remove at a time
  stop_processes(
      [&](pid_t process) { return is_of_server(process, scratch) || is_of_recovery(process, scratch); });
  tell_if_failed(remove_with_lock_last(scratch), scratch, findings);
}

void remove_all_left(const fs::path& parent, Findings& findings) {
  const std::string prefix = fmt::format("{}.", scratch_name);
  std::error_code code;
  for (fs::directory_iterator entry(parent, code), end; !code && entry != end; entry.increment(code)) {
    const bool is_scratch = entry->path().filename().native().starts_with(prefix) && entry->is_directory() &&
                            !entry->is_symlink();
    // Those of another user are that user's.
    if (!is_scratch || ::access(entry->path().c_str(), W_OK | X_OK) != 0) continue;
    findings.attempt(entry->path().native(), [&] { remove_left(entry->path(), findings); });
  }
}

// Without symbolic links: /proc shows working directories so.
fs::path canonical_parent(const fs::path& parent) {
  std::error_code code;
  const fs::path canonical = fs::canonical(parent, code);
  if (code) fail(Exit::failed, "look for {}: {}", parent.native(), errno_text(code.value()));
  return canonical;
}

}  // namespace

DrillScratch::DrillScratch(const fs::path& parent, Findings& findings)
    : directory_(canonical_parent(parent), scratch_name) {
  lock_.emplace(directory_.path() / lock_name, 0600);
  remove_all_left(directory_.path().parent_path(), findings);
}

DrillScratch::~DrillScratch() {
  // A signal may have been caught: nothing here reads, writes or waits by way of common/, which throws then.
  try {
    stop_processes([&](pid_t process) { return is_of_server(process, directory_.path()); });
  } catch (const std::exception&) {
    // Without /proc the server cannot be found, and dies of the loss of its directory.
  }
  remove_with_lock_last(directory_.path());
}

void DrillScratch::remove(Findings& findings) {
  stop_processes([&](pid_t process) { return is_of_server(process, directory_.path()); });
  tell_if_failed(remove_with_lock_last(directory_.path()), directory_.path(), findings);
}

fs::path DrillScratch::data() const { return data_in(directory_.path()); }

void require_short_path(const fs::path& parent) {
  constexpr std::size_t longest = 107 - std::string_view(".XXXXXX/s/.s.PGSQL.5432").size();
  std::error_code code;
  const fs::path path = fs::weakly_canonical(parent, code) / scratch_name;
  if (path.native().size() <= longest) return;
  fail(Exit::usage, "{}: too long for the socket of the server in it (give a shorter --drill-dir)",
       parent.native());
}

}  // namespace pitr
