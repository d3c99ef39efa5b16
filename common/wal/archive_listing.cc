#include "common/wal/archive_listing.h"

#include <algorithm>
#include <set>

#include "common/wal/marker.h"
#include "common/wal/wal_archive.h"

namespace pitr {
namespace {

using Fault = ArchiveListing::Fault;

class Lister {
 public:
  explicit Lister(Store& store)
      : store_(store), archive_{.place = store.describe(), .identity = required_identity(store)} {}

  ArchiveListing run() {
    list();
    read_histories();
    find_all_gaps();
    // A directory is no snapshot: while it is read, a segment may come behind a place that was passed
    // already, and the next one before it.
    if (find_again()) find_all_gaps();
    for (std::size_t i = 1; i < archive_.segments.size(); ++i) {
      const SegmentKey& key = archive_.segments[i].key;
      const bool is_told = !archive_.twice.empty() && archive_.twice.back() == key;
      if (archive_.segments[i - 1].key == key && !is_told) archive_.twice.push_back(key);
    }
    check_histories();
    return std::move(archive_);
  }

 private:
  SegmentSize size() const { return archive_.identity.segment_size; }
  std::string text(Timeline timeline, std::uint64_t number) const {
    return segment_name({timeline, number}, size()).text();
  }
  void add(Fault::Kind kind, const std::string& name, std::string reason) {
    archive_.faults.push_back({kind, store_.describe() + "/" + name, std::move(reason)});
  }
  void damaged(const std::string& name, std::string reason) {
    add(Fault::Kind::damaged, name, std::move(reason));
  }

  void list() {
    store_.list("", [&](const Name& name) {
      take(name);
      return true;
    });
    std::ranges::sort(archive_.segments);
    std::ranges::sort(archive_.others);
  }

  void find_all_gaps() {
    std::vector<SegmentKey> keys;
    for (const auto& stored : archive_.segments) keys.push_back(stored.key);
    archive_.ranges = ranges_of(keys);
    archive_.gaps = find_gaps(archive_.ranges, archive_.histories, size());
  }

  // Looks the missing segments up by their names. False: none of them is there.
  bool find_again() {
    constexpr std::uint64_t most =
        256;  // of a longer gap its ends: what arrives meanwhile is next to what is there
    const std::size_t before = archive_.segments.size();
    for (const SegmentRange& gap : archive_.gaps) {
      for (std::uint64_t i = 0; i < gap.count(); ++i) {
        if (i == most / 2 && gap.count() > most) i = gap.count() - most / 2;
        const SegmentKey key{gap.timeline, gap.first + i};
        for (const StoredWal& found : find_wal(store_, segment_name(key, size())))
          archive_.segments.push_back({key, found.codec});
      }
    }
    std::ranges::sort(archive_.segments);
    return archive_.segments.size() > before;
  }

  void take(const Name& name) {
    const auto stored = stored_name(name);
    if (!stored) return;
    if (stored->wal.kind() != WalKind::segment) {
      archive_.others.push_back(*stored);
    } else if (const auto start = stored->wal.start(size())) {
      archive_.segments.push_back({segment_key(stored->wal.timeline(), *start, size()), stored->codec});
    } else {
      damaged(name.text(), fmt::format("no such name exists with segments of {} bytes", size().bytes()));
    }
  }

  void read_histories() {
    for (const StoredName& stored : archive_.others) {
      if (stored.wal.kind() != WalKind::history) continue;
      const Name name = stored.name();
      try {
        std::string text;
        auto source = store_.open(name);
        if (!source) continue;  // it has gone while it was looked at
        read_wal(store_, {stored.codec, name, std::move(source)}, {stored.wal, {}},
                 std::make_unique<StringSink>(text));
        archive_.histories[stored.wal.timeline()] = parse_timeline_history(stored.wal, text);
      } catch (const Error& error) {
        const bool is_damage = error.code() == Exit::damaged;
        add(is_damage ? Fault::Kind::damaged : Fault::Kind::unknown, name.text(), error.what());
      }
    }
  }

  // A history must be there for every timeline that has WAL, must go on where its parent's ends, and no
  // segment of the timeline can be older than its beginning.
  void check_histories() {
    std::set<Timeline> timelines;
    for (const SegmentRange& range : archive_.ranges) timelines.insert(range.timeline);
    for (const Timeline timeline : timelines) {
      const std::string name = WalName::history(timeline).text();
      const bool is_stored = std::ranges::any_of(
          archive_.others, [&](const StoredName& other) { return other.name().text().starts_with(name); });
      if (number(timeline) > 1 && !is_stored) {
        add(Fault::Kind::missing, name,
            fmt::format("WAL of timeline {} is here, its history is not", number(timeline)));
      }
    }
    for (const auto& [timeline, history] : archive_.histories) {
      compare_with_ancestor(timeline, history);
      const std::uint64_t begin = history.back().end.value / size().bytes();
      const auto first = std::ranges::find(archive_.ranges, timeline, &SegmentRange::timeline);
      if (first != archive_.ranges.end() && first->first < begin) {
        damaged(WalName::history(timeline).text(),
                fmt::format("it says that timeline {} began at {}, but {} is older", number(timeline),
                            to_string(history.back().end), text(timeline, first->first)));
      }
    }
  }

  void compare_with_ancestor(Timeline timeline, const std::vector<TimelineSwitch>& history) {
    const auto parent = archive_.histories.find(history.back().timeline);
    if (parent == archive_.histories.end()) return;
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
  ArchiveListing archive_;
};

}  // namespace

ArchiveListing list_archive(Store& store) { return Lister(store).run(); }

}  // namespace pitr
