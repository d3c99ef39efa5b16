#include "basebackup/retention/expire.h"

#include <algorithm>
#include <ctime>
#include <map>
#include <set>

#include "common/base/time_text.h"
#include "common/os/lock.h"
#include "common/os/temporary_file.h"
#include "common/set/backup_catalog.h"
#include "common/set/backup_lease.h"
#include "common/set/backup_pin.h"
#include "common/set/needed_wal.h"
#include "common/set/reach.h"
#include "common/wal/archive_listing.h"
#include "common/wal/marker.h"
#include "common/wal/oldest_wal.h"

namespace pitr {
namespace {

// A set of the catalog and what was decided of it.
struct Judged {
  const BackupSet* set;  // null: unreadable
  RetainedSet facts;
  Decision decision;
};

struct Archive {
  std::unique_ptr<Store> store;
  ArchiveListing listing;
};

class Expiry {
 public:
  Expiry(const ExpireOptions& options, Log& log)
      : options_(options),
        log_(log),
        directory_(options.backup_directory),
        store_(open_store(options.backup_directory, {})),
        removal_(directory_, options.pace, log),
        says_(options.explain || options.dry_run) {}

  bool run() {
    for (const Place& place : options_.archives) {
      auto store = open_store(place, {});
      ArchiveListing listing = list_archive(*store);  // throws when it is none, before anything is removed
      archives_.push_back({std::move(store), std::move(listing)});
    }
    if (!options_.dry_run) removal_.finish_interrupted(*store_);
    catalog_ = read_catalog(*store_);
    judge();
    for (Judged& judged : judged_) {
      tell(judged);
      if (!judged.decision.keep && !options_.dry_run) remove(judged);
    }
    for (const Name& orphan : catalog_.orphans) {
      say("stays  {}: a file of a set without its meta file; when no backup is running, remove it by hand",
          orphan.text());
    }
    for (const BackupSet& set : catalog_.damaged)
      log_.error("{}: {}: it cannot be restored", store_->describe(set.meta_file), set.damage);
    for (const Archive& archive : archives_) remove_wal(archive);
    const bool is_empty = judged_.empty() && catalog_.orphans.empty();
    if (is_empty && (read_marker(*store_) || any_segment_header(*store_)))
      fail(Exit::usage, "--backup-dir {}: it is a WAL archive, and holds no backup", store_->describe());
    if (is_empty) log_.error("{}: there is no backup in it", store_->describe());
    return catalog_.damaged.empty() && !is_empty;
  }

 private:
  template <typename... A>
  void say(fmt::format_string<A...> format, A&&... arguments) {
    const std::string line = fmt::format(format, std::forward<A>(arguments)...);
    if (says_) fmt::print("{}\n", line);
    log_.detail("{}", line);
  }

  // Sets of one cluster compete with each other only. Else the newest of OmniPITR's would stay for ever, and
  // all WAL with it.
  std::string group_of(const Meta& meta) const {
    const auto cluster = cluster_of(catalog_, meta);
    return cluster ? std::to_string(*cluster) : "host " + meta.hostname;
  }

  void judge() {
    std::map<std::string, std::vector<const BackupSet*>> clusters;
    for (const auto* sets : {&catalog_.complete, &catalog_.waiting, &catalog_.damaged}) {
      for (const BackupSet& set : *sets) clusters[group_of(set.meta)].push_back(&set);
    }
    for (auto& [cluster, sets] : clusters) {
      std::ranges::stable_sort(sets, [](const BackupSet* one, const BackupSet* other) {
        return std::pair(one->meta.stop_time, one->meta.stop) <
               std::pair(other->meta.stop_time, other->meta.stop);
      });
      std::vector<RetainedSet> facts;
      for (const BackupSet* set : sets) facts.push_back(facts_of(*set));
      const auto decisions = decide(facts, options_.rules, now_);
      for (std::size_t i = 0; i < sets.size(); ++i) judged_.push_back({sets[i], facts[i], decisions[i]});
    }
    for (const UnreadableSet& set : catalog_.unreadable) {
      RetainedSet facts{.name = set.name,
                        .state = RetainedSet::State::unreadable,
                        .stop_time = 0,
                        .stop = {},
                        .first_segment = {},
                        .last_segment = {},
                        .has_bad_pages = false,
                        .is_left_behind = false,
                        .pin = Pin::none,
                        .held = {}};
      judged_.push_back({nullptr, facts, {true, set.reason}});
      log_.error("{}; no WAL is removed while it is not known what it needs", set.reason);
    }
  }

  RetainedSet facts_of(const BackupSet& set) const {
    const Meta& meta = set.meta;
    const Pin pin = pin_of(*store_, set.name, now_);
    const NeededWal needed = needed_wal(meta, pin);
    return {.name = set.name,
            .state = state_of(set),
            .stop_time = meta.stop_time,
            .stop = meta.stop,
            .first_segment = meta.min_xlog.text(),
            .last_segment = segment_name(needed.last, meta.segment_size).text(),
            .has_bad_pages = meta.bad_pages > 0,
            .is_left_behind = is_left_behind(meta),
            .pin = pin,
            .held = held(set)};
  }

  // As far as the archives tell: a timeline whose history is not there may come from anywhere.
  bool is_left_behind(const Meta& meta) const {
    return std::ranges::any_of(archives_, [&](const Archive& archive) {
      const ArchiveListing& listing = archive.listing;
      if (cluster_of(catalog_, meta) != listing.identity.system_identifier || listing.histories.empty())
        return false;
      const Timeline newest = listing.histories.rbegin()->first;
      if (!listing.ranges.empty() && listing.ranges.back().timeline > newest) return false;
      const Consistency found = consistency(meta, timeline_path(newest, listing.histories), {});
      return found == Consistency::other_branch || found == Consistency::left_before_stop;
    });
  }

  static RetainedSet::State state_of(const BackupSet& set) {
    if (!set.damage.empty()) return RetainedSet::State::damaged;
    return set.meta.state == SetState::complete ? RetainedSet::State::complete : RetainedSet::State::waiting;
  }

  // Why it must not be touched now.
  std::string held(const BackupSet& set) const {
    try {
      if (const auto lease = last_lease(*store_, set.name); lease && lease->expires >= now_) {
        return fmt::format("leased until {} by {}:{}", utc_text(lease->expires), lease->hostname,
                           lease->data_directory);
      }
    } catch (const Error& error) {
      return fmt::format("leased, nobody knows until when: {}", error.what());
    }
    return is_locked(directory_ / set.meta_file.text()) ? "a program is reading it" : "";
  }

  void tell(const Judged& judged) {
    const std::string when = judged.set != nullptr ? utc_text(judged.facts.stop_time) : "unknown";
    say("{} {} ({}): {}",
        judged.decision.keep ? "stays "
        : options_.dry_run   ? "would go"
                             : "goes  ",
        judged.facts.name, when, judged.decision.reason);
  }

  // Removing those before may have taken hours: somebody may have pinned it, or have begun to recover from
  // it.
  void remove(Judged& judged) {
    const RetainedSet now = facts_of(*judged.set);
    if (!now.held.empty() || now.pin != judged.facts.pin) {
      judged.decision = {true, now.held.empty() ? "pinned meanwhile" : now.held};
    } else if (!removal_.remove(*store_, *judged.set)) {
      judged.decision = {true, "a program is reading it"};
    } else {
      log_.note("Backup {} removed: {}", judged.facts.name, judged.decision.reason);
      return;
    }
    tell(judged);
  }

  void remove_wal(const Archive& listed) {
    const auto& archive = listed.store;
    const std::uint64_t cluster = listed.listing.identity.system_identifier;
    std::vector<RetainedSet> facts;
    std::vector<Decision> decisions;
    for (const Judged& judged : judged_) {
      const bool is_of_another =
          judged.set != nullptr && cluster_of(catalog_, judged.set->meta).value_or(cluster) != cluster;
      if (is_of_another) continue;
      facts.push_back(judged.facts);
      decisions.push_back(judged.decision);
    }
    WalRule rule = wal_rule(facts, decisions);
    // What it needs is not known before its meta file is there.
    if (has_living_temporaries(directory_)) rule = {{}, "a backup is being written", {}};
    say("{} in {}: {}", rule.oldest_kept.empty() ? "stays  all WAL" : "stays  WAL", archive->describe(),
        rule.reason);
    if (rule.oldest_kept.empty()) return;

    std::size_t gone = 0;
    for_each_wal_before(*archive, rule.oldest_kept, [&](const StoredName& old) {
      if (!rule.may_go(old.wal.text().substr(0, 24))) return;
      if (options_.dry_run) {
        say("would go {}", archive->describe(old.name()));
      } else {
        archive->remove(old.name());
        log_.detail("{} removed", archive->describe(old.name()));
      }
      ++gone;
    });
    say("{} {} files of WAL in {}", options_.dry_run ? "would go" : "gone  ", gone, archive->describe());
    if (gone > 0 && !options_.dry_run)
      log_.note("{} files of WAL removed from {}", gone, archive->describe());
  }

  const ExpireOptions& options_;
  Log& log_;
  const std::filesystem::path directory_;
  std::unique_ptr<Store> store_;
  SetRemoval removal_;
  const bool says_;
  const std::time_t now_ = std::time(nullptr);
  std::vector<Archive> archives_;
  Catalog catalog_;
  std::vector<Judged> judged_;
};

}  // namespace

bool expire(const ExpireOptions& options, Log& log) { return Expiry(options, log).run(); }

}  // namespace pitr
