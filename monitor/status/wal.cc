#include <algorithm>
#include <ctime>
#include <iterator>

#include "common/base/time_text.h"
#include "common/set/needed_wal.h"
#include "common/set/reach.h"
#include "common/wal/archive_listing.h"
#include "monitor/status/measurements.h"

namespace pitr {
namespace {

std::vector<ReachableSpan> spans_of(const BackupSet& set, const Archived& archived) {
  std::vector<SegmentRange> there = archived.ranges;
  const Meta& meta = set.meta;
  if (meta.format != 0 && set.xlog && meta.stop.value > 0) {
    // A complete set brings the WAL from its start to its stop along.
    const SegmentKey first = segment_key(meta.start_timeline, meta.start, meta.segment_size);
    const SegmentKey last = segment_key(meta.stop_timeline, Lsn{meta.stop.value - 1}, meta.segment_size);
    if (first.timeline == last.timeline) there.push_back({first.timeline, first.number, last.number});
  }
  return reach_of(meta, united(std::move(there)), archived.histories);
}

std::optional<std::time_t> stored_at(const SegmentKey& key, SegmentSize size, const Archived& archived) {
  for (std::size_t i = 0; i < archived.listings.size(); ++i) {
    const auto& segments = archived.listings[i].segments;
    const auto stored = std::ranges::lower_bound(segments, key, {}, &ArchiveListing::Stored::key);
    if (stored == segments.end() || stored->key != key) continue;
    const auto when = archived.stores[i]->modified(Name(segment_name(key, size), suffix(stored->codec)));
    if (when) return std::chrono::system_clock::to_time_t(*when);
  }
  return std::nullopt;
}

// The sets of the archives' cluster.
Catalog sets_for(const Archived& archived, const Catalog& catalog) {
  return of_cluster(catalog, archived.listings.front().identity.system_identifier);
}

std::string of_another_cluster(const Archived& archived, const Catalog& catalog) {
  return fmt::format("no archive given is of cluster {}, but of {}",
                     catalog.complete.back().meta.system_identifier,
                     archived.listings.front().identity.system_identifier);
}

// Missing in an archive between what it has; or, when a set is given, what it needs and has nowhere.
std::vector<SegmentRange> missing(const Archived& archived, const Catalog& sets,
                                  const std::optional<std::vector<NeededWal>>& needed) {
  std::vector<SegmentRange> holes;
  for (const ArchiveListing& listing : archived.listings) {
    std::ranges::copy_if(listing.gaps, std::back_inserter(holes),
                         [&](const SegmentRange& gap) { return is_needed(gap, needed); });
  }
  for (std::size_t i = 0; i < sets.complete.size(); ++i) {
    for (const ReachableSpan& span : spans_of(sets.complete[i], archived)) {
      // needed_wal() begins with the complete sets, in their order.
      std::ranges::copy_if(span.holes, std::back_inserter(holes),
                           [&](const SegmentRange& hole) { return !needed || (*needed)[i].needs(hole); });
    }
  }
  return united(std::move(holes));
}

}  // namespace

Measurement wal_gap(Places& places) {
  static const Catalog none;
  const bool has_backups = !places.given().backup_directory.empty();
  const Catalog& catalog = has_backups ? places.catalog() : none;
  const Archived& archived = places.archives();
  const Catalog sets = sets_for(archived, catalog);
  if (sets.complete.empty() && !catalog.complete.empty()) return {1, of_another_cluster(archived, catalog)};
  const auto needed =
      has_backups ? needed_wal(places.backups(), sets, std::time(nullptr)) : std::vector<NeededWal>();
  const auto holes = missing(archived, sets, needed);
  std::uint64_t count = 0;
  for (const SegmentRange& hole : holes) count += hole.count();
  // A history that is missing or is not what it should be is a gap as well.
  std::uint64_t broken = 0;
  std::string detail = "none";
  for (const ArchiveListing& listing : archived.listings) {
    for (const ArchiveListing::Fault& fault : listing.faults) {
      if (broken++ == 0) detail = fmt::format("{}: {}", fault.path, fault.reason);
    }
  }
  if (!holes.empty()) {
    const SegmentSize size = archived.listings.front().identity.segment_size;
    detail = fmt::format("{} is missing",
                         segment_name({holes.front().timeline, holes.front().first}, size).text());
  }
  return {static_cast<double>(count + broken), detail};
}

Measurement recovery_window(Places& places) {
  const Catalog& catalog = places.catalog();
  if (catalog.complete.empty()) return {0, "there is no backup"};
  const Archived& archived = places.archives();
  const Catalog sets = sets_for(archived, catalog);
  if (sets.complete.empty()) return {0, of_another_cluster(archived, catalog)};
  Timeline newest{0};
  for (const SegmentRange& range : archived.ranges) newest = std::max(newest, range.timeline);
  // The oldest backup from which the newest WAL is reached without a hole.
  for (const BackupSet& set : sets.complete) {
    for (const ReachableSpan& span : spans_of(set, archived)) {
      if (span.timeline != newest || !span.to || !span.last || !span.holes.empty()) continue;
      const auto until = stored_at(*span.last, set.meta.segment_size, archived).value_or(set.meta.stop_time);
      // 0 is kept for "none": a first backup has only just ended.
      return {std::max(std::difftime(until, set.meta.stop_time), 1.0),
              fmt::format("from {} to {}", utc_text(set.meta.stop_time), utc_text(until))};
    }
  }
  return {0, fmt::format("from no backup the newest WAL of timeline {} is reached", number(newest))};
}

}  // namespace pitr
