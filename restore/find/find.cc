#include "restore/find/find.h"

#include <algorithm>
#include <limits>

#include "common/os/signals.h"
#include "common/wal/archive_listing.h"
#include "common/wal/marker.h"
#include "common/wal/path_records.h"
#include "restore/find/set_names.h"
#include "restore/find/transactions.h"

namespace pitr {
namespace {

// What all archives have together.
struct Archived {
  ClusterIdentity identity;
  std::uint16_t magic = 0;
  std::vector<SegmentRange> ranges;
  Histories histories;
  Timeline newest{1};
};

Archived list_all(const std::vector<Place>& places) {
  std::optional<Archived> all;
  for (const Place& place : places) {
    const auto store = open_store(place, {});
    ArchiveListing listing = list_archive(*store);
    if (!all) {
      all = Archived{.identity = listing.identity, .ranges = {}, .histories = {}};
    } else if (all->identity.system_identifier != listing.identity.system_identifier) {
      fail(Exit::usage, "{}: it is the archive of another cluster than {}", place.place,
           places.front().place);
    }
    if (const auto header = any_segment_header(*store)) all->magic = header->magic;
    std::ranges::copy(listing.ranges, std::back_inserter(all->ranges));
    all->histories.merge(listing.histories);
  }
  all->ranges = united(std::move(all->ranges));
  if (all->ranges.empty()) fail(Exit::failed, "{}: there is no WAL in it", places.front().place);
  for (const SegmentRange& range : all->ranges) all->newest = std::max(all->newest, range.timeline);
  return std::move(*all);
}

class Search {
 public:
  Search(const FindOptions& options, Log& log)
      : options_(options), log_(log), archived_(list_all(options.archives)) {}

  SearchResult run() {
    path_ = timeline_path(archived_.newest, archived_.histories);
    if (!options_.backups.place.empty()) {
      backups_ = open_store(options_.backups, {});
      catalog_ = read_catalog(*backups_);
    }
    const Lsn begin = choose_begin();
    const Coverage wal = coverage(path_, archived_.ranges, begin, begin, size());
    result_.begin = begin;
    read(begin, wal.end);
    if (wal.later && result_.damage.empty())
      result_.damage = fmt::format("segment {} is missing", segment_name(wal.missing, size()).text());
    return std::move(result_);
  }

 private:
  SegmentSize size() const { return archived_.identity.segment_size; }

  const BackupSet* base() {
    const BackupSet* chosen = nullptr;
    for (const BackupSet& set : catalog_.complete) {
      const Meta& meta = set.meta;
      if (meta.format == 0 || meta.system_identifier != archived_.identity.system_identifier) continue;
      if (!result_.first_stop || meta.stop < *result_.first_stop) result_.first_stop = meta.stop;
      const bool is_early = options_.since && Moment{meta.stop_time} * 1000000 <= *options_.since;
      if (chosen == nullptr || is_early) chosen = &set;
    }
    return chosen;
  }

  // Where the backup began, so that the WAL tells all names that its catalogs have not got.
  Lsn choose_begin() {
    if (const BackupSet* const set = base()) {
      try {
        read_names(*backups_, *set, archived_.magic, names_);
        result_.names_from = set->name;
      } catch (const Error& error) {
        result_.no_names = error.what();
      }
      if (is_there(segment_key(timeline_on(path_, set->meta.start, size()), set->meta.start, size()),
                   archived_.ranges)) {
        return set->meta.start;
      }
      log_.note("The WAL of {} is not in the archive any more.", set->name);
    } else {
      result_.no_names = options_.backups.place.empty()
                             ? "give --backup-dir"
                             : "no backup of this cluster is in " + options_.backups.place;
    }
    return oldest_without_a_hole();
  }

  Lsn oldest_without_a_hole() const {
    std::uint64_t first = std::numeric_limits<std::uint64_t>::max();
    const auto way = segments_on(path_, size());
    for (const SegmentRange& range : archived_.ranges) {
      for (const SegmentRange& wanted : way) {
        if (wanted.timeline == range.timeline && wanted.first <= range.last && wanted.last >= range.first)
          first = std::min(first, std::max(range.first, wanted.first));
      }
    }
    for (;;) {
      const Lsn begin{first * size().bytes()};
      const Coverage wal = coverage(path_, archived_.ranges, begin, begin, size());
      if (!wal.later) return begin;
      first = wal.later->number;
    }
  }

  void read(Lsn begin, Lsn end) {
    const std::filesystem::path no_rescued;
    const PathRecords wal(options_.archives, no_rescued, path_, size());
    Transactions transactions(names_, options_.many_rows, [&](Found found) {
      if (options_.since && found.time < *options_.since) return;
      if (options_.until && found.time > *options_.until) return;
      result_.found.push_back(std::move(found));
    });
    std::uint64_t records = 0;
    try {
      wal.read(begin, end, [&](const WalRecord& record) {
        if (records++ % 65536 == 0) throw_if_signalled();
        transactions.see(record);
        result_.end = record.end;
        const auto ended = options_.until ? transaction_end(record) : std::nullopt;
        return !ended || ended->time <= *options_.until;
      });
    } catch (const Error& error) {
      if (error.code() != Exit::damaged) throw;
      result_.damage = error.what();
    }
    log_.detail("{} records were read.", records);
  }

  const FindOptions& options_;
  Log& log_;
  Archived archived_;
  TimelinePath path_;
  std::unique_ptr<Store> backups_;
  Catalog catalog_;
  Names names_;
  SearchResult result_;
};

}  // namespace

SearchResult find(const FindOptions& options, Log& log) { return Search(options, log).run(); }

}  // namespace pitr
