#include "monitor/verify/verify.h"

#include <algorithm>

#include "common/os/file_source.h"
#include "common/os/lock.h"
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
    for (BackupReport& backup : report_.backups) add_spans(backup);
  }

 private:
  void check_archive(const Place& place) {
    const std::size_t before = findings_.count();
    auto store = open_store(place, {});
    ArchiveListing listing = list_archive(*store);
    tell(listing);
    if (options_.deep)
      check_archived_files(*store, listing, options_.check.sample, options_.check.workers, findings_);
    report_.archives.push_back({std::move(listing), findings_.count() == before});
    archives_.push_back(std::move(store));
  }

  // A hole that ends before any backup begins is none: nobody needs it.
  void tell(const ArchiveListing& archive) {
    const auto name = [&](const SegmentKey& key) {
      return segment_name(key, archive.identity.segment_size).text();
    };
    for (const SegmentKey& key : archive.twice)
      findings_.note(fmt::format("{}: {} is stored in more than one codec", archive.place, name(key)));
    for (const ArchiveListing::Fault& fault : archive.faults)
      findings_.add({.kind = kind_of(fault.kind), .file = fault.path, .reason = fault.reason});
    const auto needed_from = oldest_start();
    for (const SegmentRange& gap : archive.gaps) {
      const std::string file = archive.place + "/" + name({gap.timeline, gap.first});
      const std::string what = gap.count() == 1 ? "this segment is missing"
                                                : fmt::format("{} segments are missing, to {}", gap.count(),
                                                              name({gap.timeline, gap.last}));
      if (needed_from && gap.last < *needed_from) {
        findings_.note(fmt::format("{}: {}; no backup needs it", file, what));
      } else {
        findings_.add({.kind = Finding::Kind::missing, .file = file, .reason = what});
      }
    }
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

  // The first segment that any backup needs; null: it is not known.
  std::optional<std::uint64_t> oldest_start() const {
    std::optional<std::uint64_t> oldest;
    if (!catalog_.unreadable.empty()) return oldest;
    for (const auto* sets : {&catalog_.complete, &catalog_.waiting}) {
      for (const BackupSet& set : *sets) {
        const std::uint64_t number =
            segment_key(set.meta.start_timeline, set.meta.start, set.meta.segment_size).number;
        if (!oldest || number < *oldest) oldest = number;
      }
    }
    return oldest;
  }

  void check_backups() {
    if (!options_.backup.empty()) {
      findings_.attempt(options_.backups.place, [&] { check(set_named(catalog_, options_.backup)); });
      return;
    }
    for (const UnreadableSet& set : catalog_.unreadable) {
      findings_.add(
          {.kind = Finding::Kind::damaged, .file = backups_->describe(set.meta_file), .reason = set.reason});
    }
    for (const Name& orphan : catalog_.orphans) {
      if (backups_->has_living_writer(orphan)) {
        findings_.note(backups_->describe(orphan) + ": its backup is being finished");
        continue;
      }
      findings_.add({.kind = Finding::Kind::missing,
                     .file = backups_->describe(orphan),
                     .reason = "the meta file of its set is not there, so it is no backup"});
    }
    for (const BackupSet& set : catalog_.waiting) {
      findings_.add({.kind = Finding::Kind::missing,
                     .file = backups_->describe(set.meta_file),
                     .reason = "its WAL is not complete yet, so it is no backup (pitr-base --finish)"});
    }
    for (const BackupSet& set : catalog_.complete) check(set);
    if (catalog_.complete.empty()) findings_.note(options_.backups.place + ": there is no backup");
  }

  void check(const BackupSet& set) {
    // Retention leaves alone what somebody reads.
    const auto held = backups_->open(set.meta_file);
    const auto* file = dynamic_cast<FileSource*>(held.get());
    if (!held || (file != nullptr && try_lock_shared(file->fd()) == Locked::no)) {
      findings_.note(backups_->describe(set.meta_file) + ": its backup is just being removed");
      return;
    }
    const std::size_t before = findings_.count();
    const bool was_unknown = findings_.any_unknown();
    BackupReport backup{.name = set.name, .meta = set.meta, .spans = {}};
    backup.bundled = check_set(*backups_, set, options_.check, findings_);
    if (findings_.count() > before) backup.state = BackupReport::State::damaged;
    if (findings_.any_unknown() && !was_unknown) backup.state = BackupReport::State::unknown;
    report_.backups.push_back(std::move(backup));
  }

  bool is_for(const ArchiveListing& archive, const Meta& meta) const {
    // OmniPITR's meta file does not name the cluster.
    const bool is_same = meta.format == 0 || archive.identity.system_identifier == meta.system_identifier;
    return is_same && archive.identity.segment_size == meta.segment_size;
  }

  void add_spans(BackupReport& backup) {
    std::vector<SegmentRange> there = ranges_of(backup.bundled);
    Histories histories;
    for (const ArchiveReport& archive : report_.archives) {
      if (!is_for(archive.listing, backup.meta)) continue;
      there.insert(there.end(), archive.listing.ranges.begin(), archive.listing.ranges.end());
      histories.insert(archive.listing.histories.begin(), archive.listing.histories.end());
    }
    there = united(std::move(there));
    for (const ReachableSpan& reach : reach_of(backup.meta, there, histories)) {
      backup.spans.push_back({reach, reach.to ? until(backup, reach) : std::nullopt});
    }
    const bool is_reachable = std::ranges::any_of(
        backup.spans, [](const BackupReport::Span& span) { return span.reach.to.has_value(); });
    if (!is_reachable) tell_unreachable(backup);
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
