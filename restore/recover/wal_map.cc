#include "restore/recover/wal_map.h"

#include <limits>

#include "common/postgres/timeline_history.h"
#include "common/store/place.h"
#include "common/wal/stored_name.h"

namespace pitr {
void WalMap::add(Store& store, const Place& source) {
  store.list("", [&](const Name& name) {
    const auto stored = stored_name(name);
    if (stored && (!source.has_codec || stored->codec == source.compression.codec)) add(stored->wal);
    return true;
  });
}

void WalMap::add(const WalName& name) {
  if (name.kind() == WalKind::history) histories_.insert(name.timeline());
  const auto start = name.kind() == WalKind::segment ? name.start(size_) : std::nullopt;
  if (start) segments_[name.timeline()].insert(start->value / size_.bytes());
}

bool WalMap::has_segment(Timeline timeline, Lsn lsn) const {
  const auto found = segments_.find(timeline);
  return found != segments_.end() && found->second.contains(lsn.value / size_.bytes());
}

std::optional<WalName> WalMap::first_from(Timeline timeline, Lsn lsn) const {
  const auto found = segments_.find(timeline);
  if (found == segments_.end()) return std::nullopt;
  const auto first = found->second.lower_bound((lsn.value + size_.bytes() - 1) / size_.bytes());
  if (first == found->second.end()) return std::nullopt;
  return WalName::segment(timeline, Lsn{*first * size_.bytes()}, size_);
}

TimelinePath timeline_path(Timeline target, const std::string& history) {
  TimelinePath path;
  Lsn begin;
  if (!history.empty()) {
    for (const TimelineSwitch& ancestor : parse_timeline_history(WalName::history(target), history)) {
      path.push_back({ancestor.timeline, begin, ancestor.end});
      begin = ancestor.end;
    }
  }
  path.push_back({target, begin, Lsn{std::numeric_limits<std::uint64_t>::max()}});
  return path;
}

WalName segment_on(const TimelinePath& path, Lsn lsn, SegmentSize size) {
  const Lsn segment = size.start_of_segment(lsn);
  // The segment in which a timeline begins is a copy of its parent's: the newest one is read.
  for (auto span = path.rbegin(); span != path.rend(); ++span) {
    if (size.start_of_segment(span->begin) <= segment) return WalName::segment(span->timeline, lsn, size);
  }
  return WalName::segment(path.front().timeline, lsn, size);
}

Coverage coverage(const WalMap& map, const TimelinePath& path, Lsn start) {
  const SegmentSize size = map.segment_size();
  Coverage result{start, segment_on(path, start, size), {}, {}, 0};
  for (Lsn at = size.start_of_segment(start);; at.value += size.bytes()) {
    const WalName name = segment_on(path, at, size);
    if (map.has_segment(name.timeline(), at)) {
      result.last = name;
      result.end = Lsn{at.value + size.bytes()};
      ++result.segments;
      continue;
    }
    result.missing = name;
    // The parent's own copy of the segment reaches to where it was left.
    for (const TimelineSpan& span : path) {
      if (span.begin.value <= at.value || size.start_of_segment(span.begin) != at) continue;
      const auto parent = &span - 1;
      if (map.has_segment(parent->timeline, at)) result.end = span.begin;
    }
    break;
  }
  for (const TimelineSpan& span : path) {
    if (span.end <= result.end) continue;
    const auto later = map.first_from(span.timeline, std::max(result.end, span.begin));
    const auto begins = later ? later->start(size) : std::nullopt;
    if (begins && *begins < span.end && !result.later) result.later = later;
  }
  return result;
}

}  // namespace pitr
