#include "basebackup/retention/retention.h"

#include <algorithm>
#include <functional>
#include <set>

#include <fmt/format.h>

namespace pitr {
namespace {

using State = RetainedSet::State;

std::string local_time(const char* format, std::time_t when) {
  std::tm parts = {};
  char text[64];
  if (::localtime_r(&when, &parts) == nullptr) return {};
  return {text, std::strftime(text, sizeof text, format, &parts)};
}

std::string_view digits(std::string_view segment) { return segment.substr(8, 16); }
std::string_view timeline(std::string_view segment) { return segment.substr(0, 8); }

// Collects what every rule wants to keep. A set may have several reasons; the first one is told.
class Judge {
 public:
  Judge(std::span<const RetainedSet> sets, const RetentionRules& rules, std::time_t now)
      : sets_(sets), rules_(rules), now_(now), decisions_(sets.size(), Decision{false, {}}) {}

  std::vector<Decision> judge() {
    if (rules_.days > 0) keep_window();
    newest(rules_.count, fmt::format("one of the newest {}", rules_.count),
           [](const RetainedSet&) { return true; });
    last_of_each(rules_.weekly, "%G-%V", "week");
    last_of_each(rules_.monthly, "%Y-%m", "month");
    last_of_each(rules_.yearly, "%Y", "year");
    always_keep("", [](const RetainedSet&) { return true; });
    // After a recovery to an earlier moment the backups that were left behind are newer than the one that the
    // newest timeline can be reached from.
    always_keep(" on the newest timeline", [](const RetainedSet& set) { return !set.is_left_behind; });
    for (std::size_t i = 0; i < sets_.size(); ++i) judge_by_itself(i);
    return std::move(decisions_);
  }

 private:
  static constexpr std::time_t seconds_of_a_day = 86400;

  void for_each_complete(const std::function<void(std::size_t)>& each) const {
    for (std::size_t i = sets_.size(); i-- > 0;) {
      if (sets_[i].state == State::complete) each(i);
    }
  }
  // To come back to any moment of the last days takes a backup that ended before them.
  void keep_window() {
    bool is_covered = false;
    for_each_complete([&](std::size_t i) {
      if (sets_[i].stop_time >= now_ - rules_.days * seconds_of_a_day) {
        keep(i, fmt::format("not older than {} days", rules_.days));
      } else if (!is_covered) {
        keep(i, fmt::format("recovery to any moment of the last {} days begins with it", rules_.days));
        is_covered = true;
      }
    });
  }
  void keep(std::size_t i, std::string reason) {
    if (!decisions_[i].keep) decisions_[i] = {true, std::move(reason)};
  }
  void newest(int count, const std::string& reason, const std::function<bool(const RetainedSet&)>& counts) {
    for_each_complete([&](std::size_t i) {
      if (count > 0 && counts(sets_[i])) {
        keep(i, reason);
        --count;
      }
    });
  }
  void always_keep(std::string_view of_which, const std::function<bool(const RetainedSet&)>& counts) {
    newest(rules_.minimum, fmt::format("always kept: one of the newest that can be restored{}", of_which),
           counts);
    newest(rules_.minimum > 0 ? 1 : 0,
           fmt::format("always kept: the newest without damaged pages{}", of_which),
           [&](const RetainedSet& set) { return counts(set) && !set.has_bad_pages; });
  }
  // The last backup of each of the newest `count` weeks (months, …) that have one.
  void last_of_each(int count, const char* format, std::string_view period) {
    std::set<std::string> seen;
    for_each_complete([&](std::size_t i) {
      const std::string name = local_time(format, sets_[i].stop_time);
      if (seen.size() < static_cast<std::size_t>(count) && seen.insert(name).second) {
        keep(i, fmt::format("the last one of {} {}", period, name));
      }
    });
  }

  // What concerns no other set.
  void judge_by_itself(std::size_t i) {
    const RetainedSet& set = sets_[i];
    Decision& decision = decisions_[i];
    if (set.state == State::unreadable) {
      decision = {true, "it cannot be read"};
    } else if (set.state == State::damaged) {
      // Its files may come back. Until then nobody recovers to a later moment from it.
      decision = {true, "damaged, and no backup: remove its files by hand when they are gone for good", true};
    } else if (set.state == State::waiting &&
               set.stop_time >= now_ - rules_.waiting_days * seconds_of_a_day) {
      decision = {true, "waits for WAL (pitr-base --finish)"};
    } else if (set.state == State::waiting) {
      decision.reason = fmt::format("has waited for WAL for more than {} days", rules_.waiting_days);
    } else if (!decision.keep) {
      decision.reason = "no rule keeps it";
    }
    if (!set.held.empty() && !decision.keep) decision = {true, set.held};
    if (set.pin == Pin::all && !decision.keep) decision = {true, "pinned"};
    if (set.pin == Pin::consistency && !decision.keep)
      decision = {true, "pinned, with its own WAL only", true};
  }

  std::span<const RetainedSet> sets_;
  const RetentionRules& rules_;
  std::time_t now_;
  std::vector<Decision> decisions_;
};

}  // namespace

std::vector<Decision> decide(std::span<const RetainedSet> sets, const RetentionRules& rules,
                             std::time_t now) {
  return Judge(sets, rules, now).judge();
}

WalRule wal_rule(std::span<const RetainedSet> sets, std::span<const Decision> decisions) {
  WalRule rule;
  bool is_any_left_behind = false, is_any_on_the_way = false;
  for (std::size_t i = 0; i < sets.size(); ++i) {
    if (!decisions[i].keep) continue;
    const RetainedSet& set = sets[i];
    if (set.state == State::complete) (set.is_left_behind ? is_any_left_behind : is_any_on_the_way) = true;
    if (set.state == State::unreadable)
      return {{}, fmt::format("{} cannot be read: it may need any", set.name), {}};
    if (decisions[i].for_consistency_only) {
      rule.kept_ranges.push_back({set.first_segment, set.last_segment});
      continue;
    }
    const std::string_view start = digits(set.first_segment);
    if (!rule.oldest_kept.empty() && start >= rule.oldest_kept) continue;
    rule.oldest_kept = start;
    rule.reason = fmt::format("{} needs it from {} on", set.name, set.first_segment);
  }
  // A backup that runs needs WAL behind that of the one before it, but not behind one that was left behind.
  if (is_any_left_behind && !is_any_on_the_way)
    return {{}, "no backup is of the newest timeline: the first one may be running", {}};
  if (rule.oldest_kept.empty()) rule.reason = "no backup tells what is not needed";
  return rule;
}

bool WalRule::may_go(std::string_view segment) const {
  if (oldest_kept.empty() || digits(segment) >= oldest_kept) return false;
  return std::ranges::none_of(kept_ranges, [&](const Range& range) {
    const bool is_of_its_timelines =
        timeline(segment) >= timeline(range.first) && timeline(segment) <= timeline(range.last);
    return is_of_its_timelines && digits(segment) >= digits(range.first) &&
           digits(segment) <= digits(range.last);
  });
}

}  // namespace pitr
