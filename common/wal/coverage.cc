#include "common/wal/coverage.h"

#include <algorithm>
#include <limits>
#include <set>

namespace pitr {
namespace {

constexpr std::uint64_t no_bound = std::numeric_limits<std::uint64_t>::max();

// The ranges of `there` that lie on a stretch of a path, cut to it.
template <typename F>
void each_on(const SegmentRange& stretch, const std::vector<SegmentRange>& there, F each) {
  // By their ends: the first one that is not wholly before the stretch.
  auto range = std::ranges::lower_bound(there, std::pair(stretch.timeline, stretch.first), {},
                                        [](const SegmentRange& r) { return std::pair(r.timeline, r.last); });
  for (; range != there.end() && range->timeline == stretch.timeline && range->first <= stretch.last;
       ++range) {
    each(SegmentRange{stretch.timeline, std::max(range->first, stretch.first),
                      std::min(range->last, stretch.last)});
  }
}

// The oldest segment of any timeline that the path goes through, also where the path has left that timeline:
// retention removes by position, so what is younger should be there on all of them.
std::optional<std::uint64_t> oldest_of(const std::vector<SegmentRange>& path,
                                       const std::vector<SegmentRange>& there) {
  std::optional<std::uint64_t> oldest;
  for (const SegmentRange& stretch : path) {
    const auto range = std::ranges::find(there, stretch.timeline, &SegmentRange::timeline);
    if (range != there.end() && (!oldest || range->first < *oldest)) oldest = range->first;
  }
  return oldest;
}

// The first one of the path that is there, from `first` on.
std::optional<SegmentKey> first_on(const std::vector<SegmentRange>& path,
                                   const std::vector<SegmentRange>& there, std::uint64_t first) {
  std::optional<SegmentKey> found;
  for (const SegmentRange& stretch : path) {
    each_on(stretch, there, [&](const SegmentRange& range) {
      if (!found && range.last >= first) found = SegmentKey{stretch.timeline, std::max(range.first, first)};
    });
  }
  return found;
}

}  // namespace

SegmentKey segment_key(Timeline timeline, Lsn lsn, SegmentSize size) {
  return {timeline, lsn.value / size.bytes()};
}

WalName segment_name(const SegmentKey& key, SegmentSize size) {
  return WalName::segment(key.timeline, {key.number * size.bytes()}, size);
}

bool is_there(const SegmentKey& key, const std::vector<SegmentRange>& there) {
  return std::ranges::any_of(there, [&](const SegmentRange& range) {
    return range.timeline == key.timeline && range.first <= key.number && key.number <= range.last;
  });
}

std::vector<SegmentRange> ranges_of(const std::vector<SegmentKey>& keys) {
  std::vector<SegmentRange> ranges;
  for (const SegmentKey& key : keys) {
    const bool goes_on =
        !ranges.empty() && ranges.back().timeline == key.timeline && ranges.back().last + 1 == key.number;
    if (goes_on) {
      ranges.back().last = key.number;
    } else {
      ranges.push_back({key.timeline, key.number, key.number});
    }
  }
  return united(std::move(ranges));
}

std::vector<SegmentRange> united(std::vector<SegmentRange> ranges) {
  std::ranges::sort(ranges);
  std::vector<SegmentRange> result;
  for (const SegmentRange& range : ranges) {
    const bool goes_on =
        !result.empty() && result.back().timeline == range.timeline && range.first <= result.back().last + 1;
    if (goes_on) {
      result.back().last = std::max(result.back().last, range.last);
    } else {
      result.push_back(range);
    }
  }
  return result;
}

TimelinePath timeline_path(Timeline target, const std::vector<TimelineSwitch>& ancestors) {
  TimelinePath path;
  for (const TimelineSwitch& ancestor : ancestors) path.push_back({ancestor.timeline, {}, ancestor.end});
  path.push_back({target, {}, {no_bound}});
  // PostgreSQL asks the youngest timeline that has begun by then.
  for (std::size_t i = path.size() - 1; i-- > 0;) path[i].end = std::min(path[i].end, path[i + 1].end);
  for (std::size_t i = 1; i < path.size(); ++i) path[i].begin = path[i - 1].end;
  return path;
}

TimelinePath timeline_path(Timeline target, const Histories& histories) {
  const auto history = histories.find(target);
  return timeline_path(target, history == histories.end() ? std::vector<TimelineSwitch>() : history->second);
}

Timeline timeline_on(const TimelinePath& path, Lsn lsn, SegmentSize size) {
  const Lsn segment = size.start_of_segment(lsn);
  for (auto span = path.rbegin(); span != path.rend(); ++span) {
    if (size.start_of_segment(span->begin) <= segment) return span->timeline;
  }
  return path.front().timeline;
}

std::vector<SegmentRange> segments_on(const TimelinePath& path, SegmentSize size) {
  std::vector<SegmentRange> segments;
  for (const TimelineSpan& span : path) {
    const std::uint64_t begin = span.begin.value / size.bytes();
    // The segment of the switch is the successor's: it begins with a copy of what its parent had in it.
    const std::uint64_t end = span.end.value == no_bound ? no_bound : span.end.value / size.bytes();
    if (end == no_bound || end > begin)
      segments.push_back({span.timeline, begin, end == no_bound ? no_bound : end - 1});
  }
  return segments;
}

std::vector<SegmentRange> missing_on(const std::vector<SegmentRange>& path,
                                     const std::vector<SegmentRange>& there, std::uint64_t first,
                                     std::uint64_t last) {
  std::vector<SegmentRange> missing;
  for (SegmentRange stretch : path) {
    stretch.first = std::max(stretch.first, first);
    stretch.last = std::min(stretch.last, last);
    if (stretch.first > stretch.last) continue;
    std::uint64_t next = stretch.first;
    each_on(stretch, there, [&](const SegmentRange& range) {
      if (range.first > next) missing.push_back({stretch.timeline, next, range.first - 1});
      next = range.last + 1;
    });
    if (next <= stretch.last) missing.push_back({stretch.timeline, next, stretch.last});
  }
  return missing;
}

std::optional<SegmentKey> last_on(const std::vector<SegmentRange>& path,
                                  const std::vector<SegmentRange>& there, std::uint64_t first) {
  std::optional<SegmentKey> last;
  for (const SegmentRange& stretch : path) {
    each_on(stretch, there, [&](const SegmentRange& range) {
      if (range.last >= first) last = SegmentKey{stretch.timeline, range.last};
    });
  }
  return last;
}

Coverage coverage(const TimelinePath& path, const std::vector<SegmentRange>& there, Lsn start, Lsn needed,
                  SegmentSize size) {
  const auto key_of = [&](std::uint64_t number) {
    return SegmentKey{timeline_on(path, {number * size.bytes()}, size), number};
  };
  const auto segments = segments_on(path, size);
  const std::uint64_t first = start.value / size.bytes();
  const auto newest = last_on(segments, there, first);
  // A point exactly at a segment's first byte needs nothing of that segment.
  const std::uint64_t last = std::max(
      {first, (std::max<std::uint64_t>(needed.value, 1) - 1) / size.bytes(), newest ? newest->number : 0});
  Coverage result{.end = start, .holes = missing_on(segments, there, first, last)};
  const std::uint64_t end = result.holes.empty() ? last + 1 : result.holes.front().first;
  result.segments = end - first;
  result.missing = key_of(end);
  if (end > first) {
    result.last = key_of(end - 1);
    result.end = {end * size.bytes()};
  }
  for (std::size_t i = 1; i < path.size(); ++i) {
    // The parent's own copy of the segment reaches to where it was left.
    const bool begins_in_it = path[i].begin > result.end && path[i].begin.value / size.bytes() == end;
    if (begins_in_it && is_there({path[i - 1].timeline, end}, there)) result.end = path[i].begin;
  }
  if (newest && newest->number > end) result.later = first_on(segments, there, end);
  return result;
}

std::vector<SegmentRange> ways_on(const SegmentKey& key, const Histories& followed, SegmentSize size) {
  std::vector<SegmentRange> ways;
  for (const auto& [target, ancestors] : followed) {
    const TimelinePath path = timeline_path(target, ancestors);
    const auto own = std::ranges::find(path, key.timeline, &TimelineSpan::timeline);
    if (own == path.end() || own->end.value <= key.number * size.bytes()) continue;
    const auto rest = segments_on({own + 1, path.end()}, size);
    ways.insert(ways.end(), rest.begin(), rest.end());
  }
  return united(std::move(ways));
}

std::vector<SegmentRange> find_gaps(const std::vector<SegmentRange>& there, const Histories& histories,
                                    SegmentSize size) {
  std::set<SegmentRange> gaps;
  const auto add_missing = [&](const std::vector<SegmentRange>& path) {
    const auto first = oldest_of(path, there);
    const auto last = first ? last_on(path, there, *first) : std::nullopt;
    if (!last) return;
    for (const SegmentRange& gap : missing_on(path, there, *first, last->number)) gaps.insert(gap);
  };
  std::set<Timeline> timelines;
  for (const SegmentRange& range : there) timelines.insert(range.timeline);
  for (const Timeline timeline : timelines) {
    // A timeline may have gone on after the next one left it: alone first.
    add_missing({{timeline, 0, no_bound}});
    add_missing(segments_on(timeline_path(timeline, histories), size));
  }
  return {gaps.begin(), gaps.end()};
}

}  // namespace pitr
