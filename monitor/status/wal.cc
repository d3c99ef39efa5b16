#include <algorithm>
#include <ctime>
#include <numeric>

#include "common/base/time_text.h"
#include "common/set/reach.h"
#include "common/wal/archive_listing.h"
#include "monitor/status/measurements.h"

namespace pitr {
namespace {

// All archives together: what is in one of them is there.
struct Archived {
  std::vector<std::unique_ptr<Store>> stores;
  std::vector<ArchiveListing> listings;
  std::vector<SegmentRange> ranges;
  Histories histories;
};

std::optional<std::uint64_t> oldest_start(const Catalog& catalog) {
  std::optional<std::uint64_t> oldest;
  if (!catalog.unreadable.empty()) return oldest;
  for (const auto* sets : {&catalog.complete, &catalog.waiting}) {
    for (const BackupSet& set : *sets) {
      const std::uint64_t number =
          segment_key(set.meta.start_timeline, set.meta.start, set.meta.segment_size).number;
      if (!oldest || number < *oldest) oldest = number;
    }
  }
  return oldest;
}

void list(Places& places, Archived& archived) {
  if (places.given().archives.empty()) fail(Exit::usage, "no archive (give --archive)");
  for (const Place& place : places.given().archives) {
    auto store = open_store(place, {});
    ArchiveListing listing = list_archive(*store);
    for (const ArchiveListing::Fault& fault : listing.faults) {
      if (fault.kind == ArchiveListing::Fault::Kind::unknown)
        fail(Exit::failed, "{}: {}", fault.path, fault.reason);
    }
    archived.ranges.insert(archived.ranges.end(), listing.ranges.begin(), listing.ranges.end());
    archived.histories.insert(listing.histories.begin(), listing.histories.end());
    archived.stores.push_back(std::move(store));
    archived.listings.push_back(std::move(listing));
  }
  archived.ranges = united(std::move(archived.ranges));
}

bool is_for(const ArchiveListing& archive, const Meta& meta) {
  // OmniPITR's meta file does not name the cluster.
  const bool is_same = meta.format == 0 || archive.identity.system_identifier == meta.system_identifier;
  return is_same && archive.identity.segment_size == meta.segment_size;
}

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

bool is_for_any(const Archived& archived, const Meta& meta) {
  return std::ranges::any_of(archived.listings, [&](const ArchiveListing& one) { return is_for(one, meta); });
}

// Missing in an archive between what it has; or, when a set is given, what it needs and has nowhere.
std::vector<SegmentRange> missing(const Archived& archived, const Catalog& catalog,
                                  const std::optional<std::uint64_t>& needed_from) {
  std::vector<SegmentRange> holes;
  for (const ArchiveListing& listing : archived.listings) {
    for (const SegmentRange& gap : listing.gaps) {
      if (!needed_from || gap.last >= *needed_from) holes.push_back(gap);
    }
  }
  for (const BackupSet& set : catalog.complete) {
    if (!is_for_any(archived, set.meta)) continue;
    for (const ReachableSpan& span : spans_of(set, archived)) {
      holes.insert(holes.end(), span.holes.begin(), span.holes.end());
    }
  }
  return united(std::move(holes));
}

}  // namespace

Measurement wal_gap(Places& places) {
  static const Catalog none;
  const Catalog& catalog = places.given().backup_directory.empty() ? none : places.catalog();
  const auto needed_from = oldest_start(catalog);
  Archived archived;
  list(places, archived);
  const auto holes = missing(archived, catalog, needed_from);
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
  Archived archived;
  list(places, archived);
  if (catalog.complete.empty()) return {0, "there is no backup"};
  Timeline newest{0};
  for (const SegmentRange& range : archived.ranges) newest = std::max(newest, range.timeline);
  // The oldest backup from which the newest WAL is reached without a hole.
  for (const BackupSet& set : catalog.complete) {
    if (!is_for_any(archived, set.meta)) continue;
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
