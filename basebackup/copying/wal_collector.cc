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
    : sources_(sources), cluster_(cluster), server_(server), log_(log) {}

WalExpectation WalCollector::expectation(const WalName& name) const {
  return {name, cluster_.control.system_identifier, true, {}};
}

// A file that is not complete yet, or damaged, counts as not there: it may be on its way (a plain cp).
bool WalCollector::take_from_places(const WalName& name, SpoolFile& to) {
  const auto works = [&](const auto& step) {
    try {
      step();
      return true;
    } catch (const Error& error) {
      last_error_ = error.what();
      return false;
    }
  };
  for (const Place& place : sources_.places) {
    std::unique_ptr<Store> store;
    std::vector<StoredWal> found;
    works([&] {
      store = open_store(place, cluster_.openness);
      found = find_wal(*store, name, place.has_codec ? std::optional(place.compression.codec) : std::nullopt);
    });
    // Beside one that is half written, in another form, a whole one may lie.
    for (StoredWal& stored : found) {
      const bool is_taken = works([&] {
        to.clear();
        read_wal(*store, std::move(stored), expectation(name), std::make_unique<BorrowedSink>(to));
      });
      if (is_taken) return true;
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
  if (sources_.temporary == nullptr) return true;
  // pitr-archive copies into our staging before it answers: what it could not copy will not come.
  if (cluster_.archiving_is_off || !sources_.temporary->is_complete()) return false;
  // The server counts calls of its archive_command: what was archived ahead has its mark alone. That of a
  // standby says only that the segment came by streaming.
  if (!cluster_.is_standby &&
      is_there(cluster_.data_directory / "pg_wal/archive_status" / (name.text() + ".done"))) {
    return false;
  }
  const auto archived = ask("SELECT last_archived_wal FROM pg_stat_archiver");
  return archived && (!archived->at(0) || archived->at(0)->substr(0, 24) < name.text());
}

// The one row of an answer that would only be good to know: null when the session is lost.
std::optional<Server::Row> WalCollector::ask(const std::string& sql) {
  if (server_ == nullptr) return std::nullopt;
  try {
    return server_->query(sql).at(0);
  } catch (const Error& error) {
    log_.note("The server cannot be asked any more: {}", error.what());
    server_ = nullptr;
    return std::nullopt;
  }
}

void WalCollector::tell_of_waiting(const WalName& name) {
  const auto now = Clock::now();
  if (now - told_ >= std::chrono::seconds(30)) {
    told_ = now;
    log_.note("Waiting for WAL segment {} for {:.0f} seconds", name.text(), seconds_since(start_));
  }
  if (told_of_failures_ || now - asked_ < std::chrono::seconds(1)) return;
  asked_ = now;
  const auto failed =
      ask("SELECT last_failed_wal, failed_count FROM pg_stat_archiver"
          " WHERE last_failed_time > coalesce(last_archived_time, '-infinity')"
          " UNION ALL SELECT NULL, NULL LIMIT 1");
  if (!failed || !failed->at(0)) return;
  told_of_failures_ = true;
  log_.error("waiting for WAL segment {}: archive_command fails, {} times by now, the last time for {}",
             name.text(), failed->at(1).value_or("0"), *failed->at(0));
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
    tell_of_waiting(name);
    pause_for(pause);
  }
  const std::string why = last_error_.empty() ? "" : fmt::format(" ({})", last_error_);
  if (!take_from_pg_wal(name, to)) {
    fail(Exit::failed, "WAL segment {} of this backup is neither archived nor in pg_wal{}", name.text(), why);
  }
  // Without an archive, taking the segment from pg_wal is the rule, and nothing is late.
  const bool fills_nothing = cluster_.archiving_is_off && sources_.temporary != nullptr;
  const bool has_archive = sources_.places.size() > (fills_nothing ? 1 : 0);
  if (kind == Segment::growing || !has_archive) return From::archive;
  log_.error("archive is behind: segment {} was taken from pg_wal{}", name.text(), why);
  return From::pg_wal;
}

bool WalCollector::collect_if_there(const WalName& name, SpoolFile& to) {
  return take_from_places(name, to) || take_from_pg_wal(name, to);
}

}  // namespace pitr
