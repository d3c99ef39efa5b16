#include "basebackup/copying/wal_bundle.h"

#include "common/base/text.h"
#include "common/postgres/timeline_history.h"

namespace pitr {
namespace {

class BundleWriter {
 public:
  BundleWriter(const Cluster& cluster, TarWriter& tar) : cluster_(cluster), tar_(tar) {}

  void add(const WalName& name, SpoolFile& content) {
    tar_.add(cluster_.own_file("pg_wal/" + name.text(), content.size()), *content.reader());
  }

 private:
  const Cluster& cluster_;
  TarWriter& tar_;
};

// The history of the timeline, and those of its ancestors that can still be had.
void add_histories(Timeline timeline, WalCollector& collector, BundleWriter& bundle, SpoolFile& spool) {
  if (number(timeline) == 1) return;
  const WalName own = WalName::history(timeline);
  if (!collector.collect_if_there(own, spool)) {
    fail(Exit::failed, "{} is neither archived nor in pg_wal", own.text());
  }
  bundle.add(own, spool);
  for (const TimelineSwitch& ancestor : parse_timeline_history(own, read_text(*spool.reader()))) {
    if (number(ancestor.timeline) == 1) continue;
    const WalName name = WalName::history(ancestor.timeline);
    if (collector.collect_if_there(name, spool)) bundle.add(name, spool);
  }
}

WalName backup_history_name(const WalRange& range, SegmentSize size) {
  const WalName first = WalName::segment(range.timeline, range.start, size);
  return *WalName::parse(fmt::format("{}.{:08X}.backup", first.text(), range.start.value % size.bytes()));
}

}  // namespace

WalCollector::From write_wal(const Cluster& cluster, const WalRange& range, WalCollector& collector,
                             TarWriter& tar, const std::filesystem::path& temporary_directory) {
  auto result = WalCollector::From::archive;
  BundleWriter bundle(cluster, tar);
  SpoolFile spool(temporary_directory);
  const SegmentSize size = cluster.control.segment_size;
  // A stop exactly at a segment's first byte needs nothing of that segment.
  for (Lsn at = size.start_of_segment(range.start); at < range.end; at.value += size.bytes()) {
    const WalName name = WalName::segment(range.timeline, at, size);
    const bool is_last = at.value + size.bytes() >= range.end.value;
    // A primary switches at the stop. The segment that a standby is in goes on, and may do so all night.
    const auto kind =
        cluster.is_standby && is_last ? WalCollector::Segment::growing : WalCollector::Segment::whole;
    if (collector.collect(name, kind, spool) == WalCollector::From::pg_wal)
      result = WalCollector::From::pg_wal;
    if (spool.size() != size.bytes()) {
      fail(Exit::damaged, "WAL segment {}: {} bytes long, the cluster's are {}", name.text(), spool.size(),
           size.bytes());
    }
    bundle.add(name, spool);
  }
  add_histories(range.timeline, collector, bundle, spool);
  const WalName history = backup_history_name(range, size);
  if (collector.collect_if_there(history, spool)) bundle.add(history, spool);
  return result;
}

}  // namespace pitr
