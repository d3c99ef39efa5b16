#include "restore/wal/removal.h"

#include "common/os/temporary_directory.h"
#include "common/process/process.h"
#include "common/wal/oldest_wal.h"
#include "common/wal/wal_archive.h"

namespace pitr {
namespace {

// Gives the command the segment, uncompressed, as the relative path pg_wal/NAME. Null of its exit status is
// success.
bool process(Store& store, const StoredName& candidate, const Removal& removal, Log& log) {
  if (removal.before_each.empty()) return true;
  auto source = store.open(candidate.name());
  if (!source) return true;  // removed meanwhile, by whoever else cleans up here
  const TemporaryDirectory directory(removal.temporary_directory, "pitr-restore");
  const std::filesystem::path file = directory.path() / "pg_wal" / candidate.wal.text();
  create_directories(file.parent_path(), 0700);
  read_wal(store, {candidate.codec, candidate.name(), std::move(source)}, {candidate.wal, {}, true, {}},
           std::make_unique<AtomicFile>(file, AtomicFile::Existing::replace, 0600, AtomicFile::Durable::no));
  // The command is the DBA's own, a shell line as PostgreSQL's are; the name goes in as data.
  const std::string line = removal.before_each + " \"$1\"";
  const int status =
      run({"/bin/sh", "-c", line, "pitr-restore", "pg_wal/" + candidate.wal.text()}, directory.path());
  if (status != 0)
    log.error("{} for {}: exit status {}; it stays", removal.before_each, candidate.wal.text(), status);
  return status == 0;
}

}  // namespace

void remove_unneeded(Store& store, const Removal& removal, Log& log) {
  if (!removal.pause_trigger.empty() && is_there(removal.pause_trigger)) {
    log.note("Removal is paused: {} exists", removal.pause_trigger.native());
    return;
  }
  const auto most = static_cast<std::size_t>(removal.at_a_time);
  for (const StoredName& candidate : oldest_wal_before(store, position_digits(removal.oldest_kept), most)) {
    if (!process(store, candidate, removal, log)) return;
    store.remove(candidate.name());
    log.note("Segment {} removed, the oldest needed is {}", candidate.name().text(),
             removal.oldest_kept.text());
  }
}

}  // namespace pitr
