#include "common/wal/segments.h"

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

}  // namespace

SegmentKey segment_key(Timeline timeline, Lsn lsn, SegmentSize size) {
  return {timeline, lsn.value / size.bytes()};
}

WalName segment_name(const SegmentKey& key, SegmentSize size) {
  return WalName::segment(key.timeline, {key.number * size.bytes()}, size);
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

std::vector<SegmentRange> path_to(Timeline target, const Histories& histories, SegmentSize size) {
  std::vector<SegmentRange> path;
  std::uint64_t begin = 0;
  const auto history = histories.find(target);
  if (history != histories.end()) {
    for (const TimelineSwitch& ancestor : history->second) {
      // The segment of the switch is the successor's: it begins with a copy of what its parent had in it.
      const std::uint64_t end = ancestor.end.value / size.bytes();
      if (end > begin) path.push_back({ancestor.timeline, begin, end - 1});
      begin = std::max(begin, end);
    }
  }
  path.push_back({target, begin, no_bound});
  return path;
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
    add_missing(path_to(timeline, histories, size));
  }
  return {gaps.begin(), gaps.end()};
}

}  // namespace pitr
