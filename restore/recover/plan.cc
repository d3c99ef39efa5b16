#include "restore/recover/plan.h"

#include <fcntl.h>

#include <algorithm>

#include "common/base/printable.h"
#include "common/os/file_source.h"
#include "common/os/lock.h"
#include "common/set/reach.h"
#include "common/wal/marker.h"
#include "common/wal/wal_archive.h"
#include "restore/recover/drop_database.h"
#include "restore/recover/wal_map.h"
#include "restore/recover/wal_search.h"

namespace pitr {
namespace {

struct Verdict {
  Reach reach = Reach::yes;
  std::string reason = {};
  bool of_all = false;  // the WAL is the cause: an older backup, which needs more of it, cannot do better
  // The timeline on which the target lies, as far as that is known, and an LSN that is behind it.
  std::optional<Timeline> target_on = {};
  Lsn target_before = {};
  std::optional<StoppingPoint> stop = {};  // as far as it was looked for
};

std::string read_history(const WalName& name, const PlanRequest& request, const SetContents& contents) {
  for (const Place& source : request.sources) {
    const auto store = open_store(source, {});
    for (StoredWal& stored : find_wal(*store, name)) {
      std::string text;
      read_wal(*store, std::move(stored), {name, {}, true, {}}, std::make_unique<StringSink>(text));
      return text;
    }
  }
  for (const auto* known : {&request.rescued_histories, &contents.histories}) {
    const auto found = known->find(name.timeline());
    if (found != known->end()) return found->second;
  }
  return {};
}

// One way of recovery, and the WAL on it.
struct Way {
  TimelinePath path;
  Coverage wal;
};

class Judge {
 public:
  Judge(Store& store, const PlanRequest& request, Log& log) : store_(store), request_(request), log_(log) {}

  // Could no older backup reach what the one judged last cannot?
  bool was_of_all() const { return of_all_; }

  Plan judge(BackupSet set) {
    SetContents contents = read_contents(store_, set);
    if (set.meta.format == 0) complete_omnipitr(set.meta, contents);
    const WalMap& archived = archived_wal(set.meta);
    WalMap map = archived;
    if (request_.bundled_wal)
      std::ranges::for_each(contents.wal, [&](const WalName& name) { map.add(name); });
    for (const WalName& name : request_.rescued) map.add(name);
    const Timeline target = target_timeline(set.meta, map);
    Way way = way_to(target, set.meta, map, contents);
    Verdict verdict = verdict_of(set.meta, target, way);
    of_all_ = verdict.of_all;
    RecoveryTarget wanted = request_.target;
    std::string& timeline = wanted.timeline;
    if (verdict.target_on && timeline == "latest" && *verdict.target_on != target) {
      if (auto own = consistent_way_to(*verdict.target_on, set.meta, map, contents);
          own && own->wal.end >= verdict.target_before) {
        timeline = std::to_string(number(*verdict.target_on));
        way = std::move(*own);
      }
    }
    const std::string moved = leave_drop_database(set.meta, way, verdict, wanted);
    return {std::move(set), std::move(contents), std::move(way.path), std::move(way.wal),
            verdict.reach,  verdict.reason,      std::move(wanted),   moved};
  }

 private:
  // What OmniPITR's meta file does not tell, the WAL does.
  void complete_omnipitr(Meta& meta, const SetContents& contents) const {
    for (const Place& source : request_.sources) {
      const auto header = any_segment_header(*open_store(source, {}));
      if (!header) continue;
      meta.system_identifier = header->system_identifier;
      meta.segment_size = header->segment_size;
      meta.server_version = major_of_wal_magic(header->magic);
      meta.start = meta.min_xlog.start(header->segment_size).value_or(meta.start);
      break;
    }
    meta.stop = std::max(meta.start, contents.stop.value_or(meta.start));
  }

  const WalMap& archived_wal(const Meta& meta) {
    if (!archived_) {
      archived_.emplace(meta.segment_size);
      for (const Place& source : request_.sources) {
        const auto store = open_store(source, {});
        // An unmounted disk is no empty archive.
        require_archive_of(
            *store, meta.system_identifier == 0 ? std::nullopt : std::optional(meta.system_identifier));
        archived_->add(*store, source);
      }
    }
    return *archived_;
  }

  // As PostgreSQL finds the latest: upwards from the backup's timeline until a history file is missing.
  Timeline target_timeline(const Meta& meta, const WalMap& map) const {
    if (request_.target.timeline == "current") return meta.stop_timeline;
    if (request_.target.timeline != "latest") {
      const Timeline timeline{static_cast<std::uint32_t>(std::stoul(request_.target.timeline))};
      if (timeline != meta.stop_timeline && number(timeline) > 1 && !map.has_history(timeline)) {
        fail(Exit::usage, "--target-timeline {}: no source holds {}", number(timeline),
             WalName::history(timeline).text());
      }
      return timeline;
    }
    Timeline latest = meta.stop_timeline;
    while (map.has_history(Timeline{number(latest) + 1})) latest = Timeline{number(latest) + 1};
    return latest;
  }

  Way way_to(Timeline target, const Meta& meta, const WalMap& map, const SetContents& contents) const {
    const WalName name = WalName::history(target);
    const std::string text = read_history(name, request_, contents);
    TimelinePath path = timeline_path(
        target, text.empty() ? std::vector<TimelineSwitch>() : parse_timeline_history(name, text));
    Coverage wal = coverage(path, map.ranges(), meta.start, meta.stop, meta.segment_size);
    return {std::move(path), std::move(wal)};
  }

  // Along the timeline on which the target lies PostgreSQL stops without a detour; along a later one it
  // writes a history whose switch points go back. Null: the parent's own copy of the WAL is not there.
  std::optional<Way> consistent_way_to(Timeline timeline, const Meta& meta, const WalMap& map,
                                       const SetContents& contents) const {
    const bool has_history =
        number(timeline) == 1 || timeline == meta.stop_timeline || map.has_history(timeline);
    if (!has_history) return std::nullopt;
    Way way = way_to(timeline, meta, map, contents);
    if (consistency(meta, way.path, way.wal) != Consistency::reached) return std::nullopt;
    return way;
  }

  Verdict verdict_of(const Meta& meta, Timeline target, const Way& way) {
    switch (consistency(meta, way.path, way.wal)) {
      case Consistency::reached:
        return verdict_of_target(meta, way.path, way.wal);
      case Consistency::other_branch:
        return {Reach::no, fmt::format("timeline {} does not come from the backup's timeline {}",
                                       number(target), number(meta.stop_timeline))};
      case Consistency::left_before_stop: {
        const auto own = std::ranges::find(way.path, meta.stop_timeline, &TimelineSpan::timeline);
        return {
            Reach::no,
            fmt::format("timeline {} left timeline {} at {}, before the stop of the backup at {}",
                        number(target), number(own->timeline), to_string(own->end), to_string(meta.stop))};
      }
      case Consistency::wal_missing:
        return {Reach::no, fmt::format("WAL segment {}, which the backup itself needs, is missing",
                                       segment_name(way.wal.missing, meta.segment_size).text())};
    }
    __builtin_unreachable();
  }

  static Lsn end_of_segment(const Meta& meta, Lsn lsn) {
    return {meta.segment_size.start_of_segment(lsn).value + meta.segment_size.bytes()};
  }

  static std::string end_of(const Meta& meta, const Coverage& wal) {
    const auto name = [&](const SegmentKey& key) { return segment_name(key, meta.segment_size).text(); };
    if (!wal.later)
      return fmt::format("the archive ends with {} (LSN {})", name(*wal.last), to_string(wal.end));
    return fmt::format("segment {} is missing, while {} is there: recovery could go to LSN {}",
                       name(wal.missing), name(*wal.later), to_string(wal.end));
  }

  Verdict verdict_of_target(const Meta& meta, const TimelinePath& path, const Coverage& wal) {
    const RecoveryTarget& target = request_.target;
    switch (target.kind) {
      case RecoveryTarget::Kind::immediate:
        return {};
      case RecoveryTarget::Kind::latest:
        if (wal.later) return {Reach::no, end_of(meta, wal), true};
        return {};
      case RecoveryTarget::Kind::lsn:
        if (target.lsn < meta.stop) {
          return {Reach::no, fmt::format("the backup is consistent from {} on", to_string(meta.stop))};
        }
        if (target.lsn >= wal.end) return {Reach::no, end_of(meta, wal), true};
        return reached_at(path, target.lsn, end_of_segment(meta, target.lsn), !target.exclusive);
      case RecoveryTarget::Kind::time:
        if (target.time < Moment{meta.stop_time} * 1000000) {
          return {Reach::no, fmt::format("the backup is consistent from {} on",
                                         moment_text(Moment{meta.stop_time} * 1000000))};
        }
        break;
      case RecoveryTarget::Kind::xid:
      case RecoveryTarget::Kind::name:
        break;
    }
    if (!request_.search) return {Reach::unknown, "the WAL is not searched (--no-search)"};
    return search(meta, path, wal);
  }

  Verdict search(const Meta& meta, const TimelinePath& path, const Coverage& wal) {
    const RecoveryTarget& target = request_.target;
    try {
      const WalSearch searched{request_.sources, request_.rescued_directory, path, meta, meta.stop, wal.end};
      if (target.kind == RecoveryTarget::Kind::time) {
        const auto last = last_commit(searched, log_);
        // Recovery knows that it is there when it meets the first commit behind it.
        const auto is_behind = [&](Moment commit) {
          return commit > target.time || (target.exclusive && commit == target.time);
        };
        if (last && is_behind(*last)) {
          const auto first = records_of(searched).first_end(searched.begin, searched.end, is_behind);
          return first ? reached_at(path, first->at, {first->at.value + 1}, false) : Verdict{};
        }
        const std::string what =
            last ? "the last commit is of " + moment_text(*last) : "nothing commits behind the backup";
        return {Reach::no,
                fmt::format("{}; {}; without a target recovery goes to the end", what, end_of(meta, wal)),
                true};
      }
      if (const auto at = find_target(searched, target, log_)) {
        const bool with_it = target.kind == RecoveryTarget::Kind::name || !target.exclusive;
        return reached_at(path, *at, {at->value + 1}, with_it);
      }
      return {Reach::no,
              fmt::format("{} is not in the WAL behind the backup; {}", describe(target), end_of(meta, wal))};
    } catch (const Error& error) {
      return {Reach::unknown, error.what()};
    }
  }

  // Reached between two points. PostgreSQL stops at the first record that begins at or behind a target LSN:
  // in the segment of a switch that one may lie on either side.
  static Verdict reached_at(const TimelinePath& path, Lsn begin, Lsn end, bool inclusive) {
    for (const TimelineSpan& span : path) {
      if (begin >= span.begin && end <= span.end)
        return {.target_on = span.timeline, .target_before = end, .stop = StoppingPoint{begin, inclusive}};
    }
    return {.stop = StoppingPoint{begin, inclusive}};
  }

  // Moves a target that lies within a DROP DATABASE before it, and says so; where the backup does not reach
  // back so far, the verdict is no.
  std::string leave_drop_database(const Meta& meta, const Way& way, Verdict& verdict,
                                  RecoveryTarget& target) const {
    if (verdict.reach != Reach::yes || !verdict.stop || !request_.search) return {};
    try {
      const WalSearch whole{request_.sources, request_.rescued_directory, way.path, meta, meta.start,
                            way.wal.end};
      const auto drop = drop_going_on(whole, *verdict.stop, log_);
      if (!drop) return {};
      const std::string what = fmt::format(
          "{} lies within the DROP DATABASE of {}, where nobody could connect to that database",
          describe(target), drop->name.empty() ? std::to_string(drop->database) : printable(drop->name));
      if (drop->begin < meta.stop) {
        verdict.reach = Reach::no;
        verdict.reason = fmt::format("{}; it began at {}, before the stop of the backup at {}", what,
                                     to_string(drop->begin), to_string(meta.stop));
        return {};
      }
      target.kind = RecoveryTarget::Kind::lsn;
      target.lsn = drop->begin;
      target.text = to_string(drop->begin);
      target.exclusive = true;
      return fmt::format("{}: recovery stops before it, at LSN {} (exclusive)", what, target.text);
    } catch (const Error& error) {
      verdict.reach = Reach::unknown;
      verdict.reason = error.what();
      return {};
    }
  }

  Store& store_;
  const PlanRequest& request_;
  Log& log_;
  std::optional<WalMap> archived_;
  bool of_all_ = false;
};

// What the target says about a backup by its stop alone; the rest is judged. Stop times have whole seconds.
bool stops_before(const Meta& meta, const RecoveryTarget& target, int seconds) {
  if (target.kind == RecoveryTarget::Kind::time)
    return Moment{meta.stop_time + seconds} * 1000000 <= target.time;
  if (target.kind == RecoveryTarget::Kind::lsn) return meta.stop <= target.lsn;
  return true;
}

}  // namespace

Fd hold_for_reading(Store& store, const BackupSet& set) {
  const auto source = store.open(set.meta_file);
  const auto* regular = dynamic_cast<FileSource*>(source.get());
  if (regular == nullptr) return {};
  Fd file = open_file(regular->fd().name(), O_RDONLY);
  if (try_lock_shared(file) == Locked::no)
    fail(Exit::failed, "{}: it is being removed", store.describe(set.meta_file));
  return file;
}

Plan make_plan(Store& store, const Catalog& catalog, const PlanRequest& request, Log& log) {
  Judge judge(store, request, log);
  if (!request.backup.empty()) {
    const BackupSet& set = set_named(catalog, request.backup);
    // Named, it is tried: an archive may have the WAL of a lost xlog file, and every file is checked.
    if (!set.data) fail(Exit::damaged, "backup {}: {}", set.name, set.damage);
    if (!set.damage.empty()) log.error("backup {} is damaged: {}", set.name, set.damage);
    if (set.meta.state == SetState::waiting) {
      fail(Exit::damaged, "backup {}: its WAL is not complete (pitr-base --finish completes it)", set.name);
    }
    return judge.judge(set);
  }
  if (catalog.complete.empty() && !catalog.damaged.empty()) {
    const BackupSet& set = catalog.damaged.back();
    fail(Exit::damaged, "{}: there is no complete backup in it; {}: {}", store.describe(), set.name,
         set.damage);
  }
  if (catalog.complete.empty())
    fail(Exit::usage, "{}: there is no complete backup in it (--list)", store.describe());
  for (const int seconds : {1, 0}) {
    std::optional<Plan> first;
    for (auto set = catalog.complete.rbegin(); set != catalog.complete.rend(); ++set) {
      if (!stops_before(set->meta, request.target, seconds)) continue;
      Plan plan = judge.judge(*set);
      const bool decided = plan.reach != Reach::no || judge.was_of_all();
      if (plan.reach != Reach::no || !first) first = std::move(plan);
      if (decided) break;
    }
    if (first) return std::move(*first);
  }
  // All backups are too young: the oldest says from when on.
  return judge.judge(catalog.complete.front());
}

}  // namespace pitr
