#include "monitor/verify/verify.h"

#include <algorithm>
#include <ctime>
#include <set>

#include "common/os/file_source.h"
#include "common/os/lock.h"
#include "common/set/needed_wal.h"
#include "monitor/verify/archive_files.h"

namespace pitr {
namespace {

class Verification {
 public:
  Verification(const VerifyOptions& options, Report& report)
      : options_(options), report_(report), findings_(report.findings) {}

  void run() {
    if (!options_.backups.place.empty()) {
      findings_.attempt(options_.backups.place, [&] {
        backups_ = open_store(options_.backups, {});
        catalog_ = read_catalog(*backups_);
      });
    }
    for (const Place& place : options_.archives)
      findings_.attempt(place.place, [&] { check_archive(place); });
    if (backups_) check_backups();
    for (BackupReport& backup : report_.backups) {
      findings_.attempt(backups_->describe() + "/" + backup.name, [&] { add_spans(backup); });
    }
  }

 private:
  void check_archive(const Place& place) {
    const std::size_t before = findings_.count();
    auto store = open_store(place, {});
    ArchiveListing listing = list_archive(*store);
    std::vector<SegmentRange> told = tell(listing);
    if (options_.deep) {
      for (const ArchiveListing::Stored& damaged :
           check_archived_files(*store, listing, options_.check.sample, options_.check.workers, findings_)) {
        std::erase(listing.segments, damaged);
        told.push_back({damaged.key.timeline, damaged.key.number, damaged.key.number});
      }
      std::vector<SegmentKey> good;
      for (const ArchiveListing::Stored& stored : listing.segments) good.push_back(stored.key);
      listing.ranges = ranges_of(good);
    }
    told_.push_back(united(std::move(told)));
    report_.archives.push_back({std::move(listing), findings_.count() == before});
    archives_.push_back(std::move(store));
  }

  // A hole that no backup needs is none. Gives back those that are.
  std::vector<SegmentRange> tell(const ArchiveListing& archive) {
    const auto name = [&](const SegmentKey& key) {
      return segment_name(key, archive.identity.segment_size).text();
    };
    for (const SegmentKey& key : archive.twice)
      findings_.note(fmt::format("{}: {} is stored in more than one codec", archive.place, name(key)));
    for (const ArchiveListing::Fault& fault : archive.faults)
      findings_.add({.kind = kind_of(fault.kind), .file = fault.path, .reason = fault.reason});
    std::vector<SegmentRange> holes;
    const auto needed = needed_of(archive.identity.system_identifier);
    for (const SegmentRange& gap : archive.gaps) {
      const std::string file = archive.place + "/" + name({gap.timeline, gap.first});
      const std::string what = gap.count() == 1 ? "this segment is missing"
                                                : fmt::format("{} segments are missing, to {}", gap.count(),
                                                              name({gap.timeline, gap.last}));
      if (is_needed(gap, needed)) {
        findings_.add({.kind = Finding::Kind::missing, .file = file, .reason = what});
        holes.push_back(gap);
      } else {
        findings_.note(fmt::format("{}: {}; no backup needs it", file, what));
      }
    }
    return holes;
  }

  std::optional<std::vector<NeededWal>> needed_of(std::uint64_t system_identifier) const {
    if (!backups_) return std::nullopt;
    return needed_wal(*backups_, of_cluster(catalog_, system_identifier), now_);
  }

  static Finding::Kind kind_of(ArchiveListing::Fault::Kind kind) {
    switch (kind) {
      case ArchiveListing::Fault::Kind::damaged:
        return Finding::Kind::damaged;
      case ArchiveListing::Fault::Kind::missing:
        return Finding::Kind::missing;
      case ArchiveListing::Fault::Kind::unknown:
        return Finding::Kind::unknown;
    }
    __builtin_unreachable();
  }

  void check_backups() {
    if (!options_.backup.empty()) {
      findings_.attempt(options_.backups.place, [&] {
        const BackupSet& set = set_named(catalog_, options_.backup);
        set.meta.state == SetState::waiting ? tell_waiting(set) : check(set);
      });
      return;
    }
    for (const UnreadableSet& set : catalog_.unreadable) {
      findings_.add({.kind = set.code == Exit::damaged ? Finding::Kind::damaged : Finding::Kind::unknown,
                     .file = backups_->describe(set.meta_file),
                     .reason = set.reason});
    }
    for (const Name& file : catalog_.being_removed)
      findings_.note(backups_->describe(file) + ": pitr-expire is removing its backup");
    for (const Name& orphan : catalog_.orphans) {
      findings_.attempt(backups_->describe(orphan), [&] { tell_orphan(orphan); });
    }
    for (const BackupSet& set : catalog_.waiting) tell_waiting(set);
    for (const auto* sets : {&catalog_.damaged, &catalog_.complete}) {
      for (const BackupSet& set : *sets)
        findings_.attempt(backups_->describe(set.meta_file), [&] { check(set); });
    }
    // Its disk may not be mounted, or the directory be another one.
    if (catalog_.complete.empty()) {
      findings_.add({.kind = Finding::Kind::missing,
                     .file = options_.backups.place,
                     .reason = "there is no backup in it that can be restored"});
    }
  }

  void tell_orphan(const Name& orphan) {
    if (backups_->has_living_writer(orphan)) {
      findings_.note(backups_->describe(orphan) + ": its backup is being finished");
      return;
    }
    findings_.add({.kind = Finding::Kind::missing,
                   .file = backups_->describe(orphan),
                   .reason = "the meta file of its set is not there, so it is no backup"});
  }

  void tell_waiting(const BackupSet& set) {
    findings_.add({.kind = Finding::Kind::missing,
                   .file = backups_->describe(set.meta_file),
                   .reason = "its WAL is not complete yet, so it is no backup (pitr-base --finish)"});
  }

  void check(const BackupSet& set) {
    // Retention leaves alone what somebody reads.
    const auto held = backups_->open(set.meta_file);
    const auto* file = dynamic_cast<FileSource*>(held.get());
    if (!held || (file != nullptr && try_lock_shared(file->fd()) == Locked::no)) {
      findings_.note(backups_->describe(set.meta_file) + ": its backup is just being removed");
      return;
    }
    const std::size_t before = findings_.count(), unknown_before = findings_.unknown();
    BackupReport backup{.name = set.name, .meta = set.meta, .spans = {}};
    findings_.attempt(backups_->describe(set.meta_file),
                      [&] { backup.bundled = check_set(*backups_, set, options_.check, findings_); });
    const std::size_t found = findings_.count() - before, unknown = findings_.unknown() - unknown_before;
    if (found > 0)
      backup.state = found == unknown ? BackupReport::State::unknown : BackupReport::State::damaged;
    report_.backups.push_back(std::move(backup));
  }

  bool is_for(const ArchiveListing& archive, const Meta& meta) const {
    const auto cluster = cluster_of(catalog_, meta);
    const bool is_same = !cluster || archive.identity.system_identifier == *cluster;
    return is_same && archive.identity.segment_size == meta.segment_size;
  }

  void add_spans(BackupReport& backup) {
    std::vector<SegmentRange> there = ranges_of(backup.bundled), told;
    Histories histories;
    bool has_archive = false;
    for (std::size_t i = 0; i < report_.archives.size(); ++i) {
      const ArchiveReport& archive = report_.archives[i];
      if (!is_for(archive.listing, backup.meta)) continue;
      has_archive = true;
      told.insert(told.end(), told_[i].begin(), told_[i].end());
      there.insert(there.end(), archive.listing.ranges.begin(), archive.listing.ranges.end());
      histories.insert(archive.listing.histories.begin(), archive.listing.histories.end());
    }
    there = united(std::move(there));
    for (const ReachableSpan& reach : reach_of(backup.meta, there, histories)) {
      backup.spans.push_back({reach, reach.to ? until(backup, reach) : std::nullopt});
    }
    const bool is_reachable = std::ranges::any_of(
        backup.spans, [](const BackupReport::Span& span) { return span.reach.to.has_value(); });
    // What could not be looked at is told already.
    if (!has_archive && !report_.archives.empty()) tell_other_clusters(backup);
    if (!is_reachable) return tell_unreachable(backup);
    tell_holes(backup, united(std::move(told)));
  }

  void tell_other_clusters(const BackupReport& backup) {
    const auto cluster = cluster_of(catalog_, backup.meta);
    findings_.add({.kind = Finding::Kind::missing,
                   .file = backups_->describe() + "/" + backup.name,
                   .reason = fmt::format("no archive given is of cluster {}, with segments of {} MB",
                                         cluster ? std::to_string(*cluster) : "(not known)",
                                         backup.meta.segment_size.bytes() >> 20)});
  }

  // Those that no archive alone has: right behind the backup, or in all that it has of a timeline.
  void tell_holes(const BackupReport& backup, const std::vector<SegmentRange>& told) {
    const auto cluster = cluster_of(catalog_, backup.meta);
    if (!cluster) return;
    const Catalog of_its_cluster = of_cluster(catalog_, *cluster);
    const bool is_newest =
        !of_its_cluster.complete.empty() && of_its_cluster.complete.back().name == backup.name;
    const NeededWal needed =
        needed_wal(backup.meta, is_newest ? Pin::none : pin_of(*backups_, backup.name, now_));
    std::set<SegmentRange> holes;
    for (const BackupReport::Span& span : backup.spans)
      holes.insert(span.reach.holes.begin(), span.reach.holes.end());
    for (const SegmentRange& hole : holes) {
      if (!needed.needs(hole) || missing_on({hole}, told, hole.first, hole.last).empty()) continue;
      const auto name = [&](std::uint64_t number) {
        return segment_name({hole.timeline, number}, backup.meta.segment_size).text();
      };
      findings_.add({.kind = Finding::Kind::missing,
                     .file = backups_->describe() + "/" + backup.name,
                     .reason = fmt::format("it can be recovered up to {}, but not over the hole to {}",
                                           name(hole.first), name(hole.last))});
    }
  }

  void tell_unreachable(BackupReport& backup) {
    const ReachableSpan& reach = backup.spans.front().reach;
    const std::string first = reach.holes.empty()
                                  ? backup.meta.min_xlog.text()
                                  : segment_name({reach.holes.front().timeline, reach.holes.front().first},
                                                 backup.meta.segment_size)
                                        .text();
    const std::string file = backups_->describe() + "/" + backup.name;
    if (options_.archives.empty()) {
      findings_.note(fmt::format("{}: needs the WAL archive from {} on (give --archive)", file, first));
      return;
    }
    if (backup.state == BackupReport::State::good) backup.state = BackupReport::State::damaged;
    findings_.add({.kind = Finding::Kind::missing,
                   .file = file,
                   .reason = fmt::format("it cannot be recovered: WAL from {} on is missing", first)});
  }

  std::optional<std::time_t> until(const BackupReport& backup, const ReachableSpan& reach) {
    if (!reach.last) return std::nullopt;
    for (std::size_t i = 0; i < report_.archives.size(); ++i) {
      const ArchiveListing& listing = report_.archives[i].listing;
      if (!is_for(listing, backup.meta)) continue;
      const auto stored =
          std::ranges::lower_bound(listing.segments, *reach.last, {}, &ArchiveListing::Stored::key);
      if (stored == listing.segments.end() || stored->key != *reach.last) continue;
      const Name name(segment_name(*reach.last, backup.meta.segment_size), suffix(stored->codec));
      if (const auto when = archives_[i]->modified(name)) return std::chrono::system_clock::to_time_t(*when);
    }
    return backup.meta.stop_time;
  }

  const VerifyOptions& options_;
  Report& report_;
  Findings& findings_;
  std::unique_ptr<Store> backups_;
  Catalog catalog_;
  std::vector<std::unique_ptr<Store>> archives_;
  std::vector<std::vector<SegmentRange>> told_;  // of each archive: what is known to be missing in it
  const std::time_t now_ = std::time(nullptr);
};

}  // namespace

void verify(const VerifyOptions& options, Report& report, Log& log) {
  Verification(options, report).run();
  if (!options.drill.wanted) return;
  report.findings.attempt(options.backups.place, [&] {
    const DrilledBackup backup{options.backups.place, options.backup, options.archives, options.remote};
    report.drill = drill(options.drill, backup, report.findings, log);
  });
}

}  // namespace pitr
