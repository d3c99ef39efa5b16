#include "restore/wal/removal.h"

#include "common/os/file.h"
#include "common/os/temporary_directory.h"
#include "common/postgres/control_file.h"
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

std::optional<WalName> oldest_needed(const std::string& named, const std::filesystem::path& data_directory) {
  constexpr std::string_view not_known_yet = "000000000000000000000000";
  if (named == not_known_yet) return std::nullopt;
  if (!named.empty()) {
    auto name = WalName::parse(named);
    if (!name || name->kind() != WalKind::segment)
      fail(Exit::usage, "{}: not the name of a WAL segment for --remove-unneeded", named);
    return name;
  }
  // pg_control of a backup is as its end was; the start, which lies before it, stands in the label alone
  // until PostgreSQL has read that.
  if (is_there(data_directory / "backup_label")) return std::nullopt;
  const ControlFile control = read_control_file(data_directory);
  return WalName::segment(control.timeline, control.redo, control.segment_size);
}

void remove_unneeded(Store& store, const WalName& oldest_kept, const Removal& removal, Log& log) {
  if (!removal.pause_trigger.empty() && is_there(removal.pause_trigger)) {
    log.note("Removal is paused: {} exists", removal.pause_trigger.native());
    return;
  }
  const auto most = static_cast<std::size_t>(removal.at_a_time);
  for (const StoredName& candidate : oldest_wal_before(store, position_digits(oldest_kept), most)) {
    if (!process(store, candidate, removal, log)) return;
    store.remove(candidate.name());
    log.note("Segment {} removed, the oldest needed is {}", candidate.name().text(), oldest_kept.text());
  }
}

}  // namespace pitr
