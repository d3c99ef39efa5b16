#include "basebackup/copying/wal_collector.h"

#include <fcntl.h>

#include <algorithm>

#include "common/os/file_source.h"
#include "common/os/signals.h"
#include "common/store/place.h"

namespace pitr {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

std::unique_ptr<Staging> make_staging(const std::string& path, Openness openness) {
  if (path.empty() || staging_state(path) == StagingState::standing) return nullptr;
  return std::make_unique<Staging>(path, openness.directory);
}

std::vector<Place> open_wal_places(const std::string& staging, const std::vector<Place>& sources,
                                   Openness openness) {
  std::vector<Place> places = sources;
  if (!staging.empty()) places.insert(places.begin(), Place{false, {}, staging});
  for (const Place& place : places) open_store(place, openness);
  return places;
}

WalCollector::WalCollector(const WalSources& sources, const Cluster& cluster, Server* server, Log& log)
    : sources_(sources),
      cluster_(cluster),
      server_(server),
      log_(log),
      archiving_(server == nullptr || server->setting("archive_mode") != "off") {}

WalExpectation WalCollector::expectation(const WalName& name) const {
  return {name, cluster_.control.system_identifier, true, {}};
}

// A file that is not complete yet, or damaged, counts as not there: it may be on its way (a plain cp).
bool WalCollector::take_from_places(const WalName& name, SpoolFile& to) {
  for (const Place& place : sources_.places) {
    try {
      const auto store = open_store(place, cluster_.openness);
      const auto only = place.has_codec ? std::optional(place.compression.codec) : std::nullopt;
      for (StoredWal& stored : find_wal(*store, name, only)) {
        to.clear();
        read_wal(*store, std::move(stored), expectation(name), std::make_unique<BorrowedSink>(to));
        return true;
      }
    } catch (const Error& error) {
      throw_if_signalled();
      last_error_ = error.what();
    }
  }
  return false;
}

bool WalCollector::take_from_pg_wal(const WalName& name, SpoolFile& to) {
  if (cluster_.data_directory.empty()) return false;
  const std::filesystem::path path = cluster_.data_directory / "pg_wal" / name.text();
  Fd file = open_if_there(path, O_RDONLY | O_NONBLOCK);
  if (!file) return false;
  FileSource source(std::move(file));
  to.clear();
  const auto chain = check_wal(expectation(name), std::make_unique<BorrowedSink>(to));
  copy(source, *chain);
  chain->finish();
  // The server recycles a segment by renaming it: what was read is the segment only if it still has its name.
  return is_name_of(Fd(), path.native(), source.fd());
}

bool WalCollector::can_still_come(const WalName& name) {
  if (sources_.places.empty() || seconds_since(start_) > static_cast<double>(sources_.patience.count()))
    return false;
  if (sources_.temporary == nullptr || server_ == nullptr) return true;
  // pitr-archive copies into our staging before it answers: what it could not copy will not come.
  if (!archiving_ || !sources_.temporary->is_complete()) return false;
  // The server counts calls of its archive_command: what was archived ahead has its mark alone. That of a
  // standby says only that the segment came by streaming.
  if (!cluster_.is_standby &&
      is_there(cluster_.data_directory / "pg_wal/archive_status" / (name.text() + ".done"))) {
    return false;
  }
  const auto archived = server_->query("SELECT last_archived_wal FROM pg_stat_archiver").at(0).at(0);
  return !archived || archived->substr(0, 24) < name.text();
}

WalCollector::From WalCollector::collect(const WalName& name, Segment kind, SpoolFile& to) {
  // The archiver needs some milliseconds for a segment, unless it is behind.
  for (double pause = 0.01;; pause = std::min(2 * pause, 0.2)) {
    // Asked before the look: what came between the two is then still seen.
    const bool last_look = kind == Segment::growing || !can_still_come(name);
    if (take_from_places(name, to)) {
      log_.note("File {} arrived after {:.0f} seconds.", name.text(), seconds_since(start_));
      return From::archive;
    }
    if (last_look) break;
    pause_for(pause);
  }
  const std::string why = last_error_.empty() ? "" : fmt::format(" ({})", last_error_);
  if (!take_from_pg_wal(name, to)) {
    fail(Exit::failed, "WAL segment {} of this backup is neither archived nor in pg_wal{}", name.text(), why);
  }
  if (kind == Segment::growing || sources_.places.empty()) return From::archive;
  log_.error("archive is behind: segment {} was taken from pg_wal{}", name.text(), why);
  return From::pg_wal;
}

bool WalCollector::collect_if_there(const WalName& name, SpoolFile& to) {
  return take_from_places(name, to) || take_from_pg_wal(name, to);
}

}  // namespace pitr
