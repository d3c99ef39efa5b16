#include "common/wal/archive_listing.h"

#include <algorithm>
#include <set>

#include "common/wal/wal_archive.h"

namespace pitr {
namespace {

class Lister {
 public:
  Lister(Store& store, Findings& findings)
      : store_(store), findings_(findings), identity_(required_identity(store)) {}

  ArchiveListing run(std::optional<std::uint64_t> needed_from) {
    ArchiveListing archive{.place = store_.describe(), .identity = identity_};
    store_.list("", [&](const Name& name) {
      take(name, archive);
      return true;
    });
    std::ranges::sort(archive.segments);
    std::ranges::sort(archive.others);
    read_histories(archive);
    std::vector<SegmentKey> keys;
    for (const auto& stored : archive.segments) {
      if (!keys.empty() && keys.back() == stored.key) tell_twice(stored.key);
      keys.push_back(stored.key);
    }
    archive.ranges = ranges_of(keys);
    check_histories(archive);
    archive.gaps = find_gaps(archive.ranges, archive.histories, size());
    for (const SegmentRange& gap : archive.gaps) tell(gap, needed_from);
    return archive;
  }

 private:
  SegmentSize size() const { return identity_.segment_size; }
  std::string text(Timeline timeline, std::uint64_t number) const {
    return segment_name({timeline, number}, size()).text();
  }
  std::string path(const std::string& name) const { return store_.describe() + "/" + name; }
  void damaged(const std::string& name, const std::string& reason) {
    findings_.add({.kind = Finding::Kind::damaged, .file = path(name), .reason = reason});
  }

  static ClusterIdentity required_identity(Store& store) {
    if (const auto identity = read_marker(store)) return *identity;
    if (const auto header = any_segment_header(store))
      return {header->system_identifier, header->segment_size};
    fail(Exit::failed, "{}: neither a marker {} nor a WAL segment in it (is its disk mounted?)",
         store.describe(), marker_name);
  }

  void take(const Name& name, ArchiveListing& archive) {
    const auto stored = stored_name(name);
    if (!stored) return;
    if (stored->wal.kind() != WalKind::segment) {
      archive.others.push_back(*stored);
    } else if (const auto start = stored->wal.start(size())) {
      archive.segments.push_back({segment_key(stored->wal.timeline(), *start, size()), stored->codec});
    } else {
      damaged(name.text(), fmt::format("no such name exists with segments of {} bytes", size().bytes()));
    }
  }

  void read_histories(ArchiveListing& archive) {
    for (const StoredName& stored : archive.others) {
      if (stored.wal.kind() != WalKind::history) continue;
      const Name name = stored.name();
      findings_.attempt(store_.describe(name), [&] {
        std::string text;
        auto source = store_.open(name);
        if (!source) fail(Exit::failed, "{}: it has gone while it was looked at", store_.describe(name));
        read_wal(store_, {stored.codec, name, std::move(source)}, {stored.wal, {}},
                 std::make_unique<StringSink>(text));
        archive.histories[stored.wal.timeline()] = parse_timeline_history(stored.wal, text);
      });
    }
  }

  void tell_twice(const SegmentKey& key) {
    findings_.note(fmt::format("{}: {} is stored in more than one codec", store_.describe(),
                               segment_name(key, size()).text()));
  }

  void tell(const SegmentRange& gap, std::optional<std::uint64_t> needed_from) {
    const std::string what = gap.count() == 1 ? "this segment is missing"
                                              : fmt::format("{} segments are missing, to {}", gap.count(),
                                                            text(gap.timeline, gap.last));
    const std::string first = text(gap.timeline, gap.first);
    if (needed_from && gap.last < *needed_from) {
      findings_.note(fmt::format("{}: {}; no backup needs it", path(first), what));
    } else {
      findings_.add({.kind = Finding::Kind::missing, .file = path(first), .reason = what});
    }
  }

  // A history must be there for every timeline that has WAL, must go on where its parent's ends, and no
  // segment of the timeline can be older than its beginning.
  void check_histories(const ArchiveListing& archive) {
    std::set<Timeline> timelines;
    for (const SegmentRange& range : archive.ranges) timelines.insert(range.timeline);
    for (const Timeline timeline : timelines) {
      const std::string name = WalName::history(timeline).text();
      const bool is_stored = std::ranges::any_of(
          archive.others, [&](const StoredName& other) { return other.name().text().starts_with(name); });
      if (number(timeline) > 1 && !is_stored) {
        findings_.add(
            {.kind = Finding::Kind::missing,
             .file = path(name),
             .reason = fmt::format("WAL of timeline {} is here, its history is not", number(timeline))});
      }
    }
    for (const auto& [timeline, history] : archive.histories) {
      compare_with_ancestor(timeline, history, archive);
      const std::uint64_t begin = history.back().end.value / size().bytes();
      const auto first = std::ranges::find(archive.ranges, timeline, &SegmentRange::timeline);
      if (first != archive.ranges.end() && first->first < begin) {
        damaged(WalName::history(timeline).text(),
                fmt::format("it says that timeline {} began at {}, but {} is older", number(timeline),
                            to_string(history.back().end), text(timeline, first->first)));
      }
    }
  }

  void compare_with_ancestor(Timeline timeline, const std::vector<TimelineSwitch>& history,
                             const ArchiveListing& archive) {
    const auto parent = archive.histories.find(history.back().timeline);
    if (parent == archive.histories.end()) return;
    const auto same = [](const TimelineSwitch& one, const TimelineSwitch& other) {
      return one.timeline == other.timeline && one.end == other.end;
    };
    if (parent->second.size() + 1 != history.size() ||
        !std::equal(parent->second.begin(), parent->second.end(), history.begin(), same)) {
      damaged(WalName::history(timeline).text(),
              fmt::format("its ancestors are not those in {}", WalName::history(parent->first).text()));
    }
  }

  Store& store_;
  Findings& findings_;
  const ClusterIdentity identity_;
};

}  // namespace

ArchiveListing list_archive(Store& store, std::optional<std::uint64_t> needed_from, Findings& findings) {
  return Lister(store, findings).run(needed_from);
}

}  // namespace pitr
