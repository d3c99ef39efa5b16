#include "restore/recover/recover.h"

#include <cstdio>

#include "common/os/host_name.h"
#include "common/set/backup_lease.h"
#include "restore/recover/recovery.h"

namespace pitr {
namespace {

// stdout belongs to what was asked for; run_program looks whether it was written.
void say(const std::string& text) { std::fputs(text.c_str(), stdout); }

}  // namespace

Exit show_plan(const RecoverOptions& options, Log& log) {
  Recovery recovery(options, log);
  recovery.make_plan();
  say(recovery.text());
  recovery.refuse_replayed_tablespaces();
  if (recovery.plan().reach == Reach::unknown) return Exit::failed;
  return recovery.plan().reach == Reach::yes ? Exit::done : Exit::damaged;
}

Exit recover(const RecoverOptions& options, Log& log) {
  Recovery recovery(options, log);
  recovery.make_plan();
  recovery.refuse_what_cannot_be();
  recovery.protect_backup();
  // The last commits of the old cluster are safe before anything of it is touched.
  recovery.rescue_wal();
  try {
    recovery.unpack();
  } catch (...) {
    log.error("{} is not complete and does not start; {}", options.data_directory,
              recovery.plan().contents.has_manifest ? "run it again with --delta to go on from what is there"
                                                    : "remove it before the next attempt");
    throw;
  }
  if (options.start) recovery.launch_server();
  say(recovery.closing());
  return Exit::done;
}

Exit release(const RecoverOptions& options, Log& log) {
  const auto store = open_store(options.backups, {});
  std::size_t ended = 0;
  for (const Name& file : lease_files(*store, options.backup)) {
    const auto lease = read_lease(*store, file);
    if (!lease || (!options.data_directory.empty() && lease->data_directory != options.data_directory))
      continue;
    if (lease->hostname != host_name()) {
      log.note("{} is of {}, and ends there: pitr-recover --release", store->describe(file), lease->hostname);
      continue;
    }
    store->remove(file);
    log.note("The lease {} has ended.", store->describe(file));
    ++ended;
  }
  if (ended == 0) fail(Exit::usage, "{}: there is no such lease", options.backups.place);
  return Exit::done;
}

}  // namespace pitr
