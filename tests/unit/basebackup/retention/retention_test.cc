#include "basebackup/retention/retention.h"

#include <algorithm>
#include <optional>
#include <random>
#include <set>
#include <utility>

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace pitr;

namespace {

using State = RetainedSet::State;

constexpr std::time_t day = 86400;
constexpr std::time_t now = 1800000000;

std::string segment(unsigned timeline, unsigned number) {
  return fmt::format("{:08X}{:016X}", timeline, number);
}

// A set that stopped `age` days ago and needs the segments `first` to `last` of timeline 1.
RetainedSet set_of_age(int age, unsigned first, unsigned last) {
  return {.name = fmt::format("of-{}", age),
          .state = State::complete,
          .stop_time = now - age * day,
          .stop = {last},
          .first_segment = segment(1, first),
          .last_segment = segment(1, last),
          .has_bad_pages = false,
          .is_left_behind = false,
          .pin = Pin::none,
          .held = {}};
}

std::vector<RetainedSet> one_a_day(int days) {
  std::vector<RetainedSet> sets;
  for (int age = days - 1; age >= 0; --age) {
    sets.push_back(
        set_of_age(age, static_cast<unsigned>(1000 - age * 10), static_cast<unsigned>(1001 - age * 10)));
  }
  return sets;
}

std::set<std::string> kept(const std::vector<RetainedSet>& sets, const RetentionRules& rules) {
  std::set<std::string> names;
  const auto decisions = decide(sets, rules, now);
  for (std::size_t i = 0; i < sets.size(); ++i) {
    CHECK_FALSE(decisions[i].reason.empty());
    if (decisions[i].keep) names.insert(sets[i].name);
  }
  return names;
}
using Names = std::set<std::string>;

}  // namespace

TEST_CASE("every rule keeps what it says, and what any rule keeps stays") {
  const auto sets = one_a_day(40);
  CHECK(kept(sets, {.days = 2}) ==
        Names{"of-0", "of-1", "of-2", "of-3"});  // of-3: back to any moment of them
  CHECK(kept(sets, {.count = 2}) == Names{"of-0", "of-1"});
  CHECK(kept(sets, {.days = 1, .count = 3}) == Names{"of-0", "of-1", "of-2"});
  CHECK(kept(sets, {.weekly = 3}).size() == 3);
  CHECK(kept(sets, {.monthly = 2}).size() == 2);
  CHECK(kept(sets, {.yearly = 5}).size() == 2);  // 2027-01-15 was the day; 40 days go back into 2026
  CHECK(kept(sets, {.count = 1, .yearly = 5}).contains("of-0"));
}

TEST_CASE("the newest that can be restored stays, whatever the rules say") {
  auto sets = one_a_day(3);
  for (RetainedSet& set : sets) set.stop_time -= 400 * day;
  CHECK(kept(sets, {.days = 7}) == Names{"of-0"});
  CHECK(kept(sets, {.days = 7, .minimum = 2}) == Names{"of-0", "of-1"});
}

TEST_CASE("the newest without damaged pages stays beside a newer damaged one") {
  auto sets = one_a_day(4);
  sets[2].has_bad_pages = sets[3].has_bad_pages = true;
  CHECK(kept(sets, {.count = 1}) == Names{"of-0", "of-2"});
}

TEST_CASE("sets that wait for WAL and unreadable ones are no backups, and go late or never") {
  auto sets = one_a_day(4);
  sets[3].state = State::waiting;
  sets[2].state = State::unreadable;
  sets[0].state = State::waiting;
  CHECK(kept(sets, {.count = 1}) == Names{"of-0", "of-1", "of-2"});
  CHECK(kept(sets, {.count = 1, .waiting_days = 3}) == Names{"of-0", "of-1", "of-2", "of-3"});
}

TEST_CASE("what is held or pinned stays") {
  auto sets = one_a_day(4);
  sets[0].held = "a program is reading it";
  sets[1].pin = Pin::all;
  CHECK(kept(sets, {.count = 1}) == Names{"of-0", "of-2", "of-3"});
}

TEST_CASE("WAL goes below the lowest start, which need not be the oldest backup's") {
  std::vector<RetainedSet> sets = {set_of_age(2, 50, 51), set_of_age(1, 30, 31), set_of_age(0, 70, 71)};
  // After a recovery to an earlier point: on a timeline of its own.
  sets[1].first_segment = segment(2, 30);
  sets[1].last_segment = segment(2, 31);
  const auto rule = wal_rule(sets, decide(sets, {.count = 3}, now));
  CHECK(rule.may_go(segment(1, 29)));
  CHECK_FALSE(rule.may_go(segment(1, 30)));  // the abandoned branch, too
  CHECK_FALSE(rule.may_go(segment(2, 30)));
  CHECK_FALSE(rule.may_go(segment(1, 51)));
}

TEST_CASE("a set pinned for its consistency keeps its own WAL and no more") {
  std::vector<RetainedSet> sets = {set_of_age(20, 10, 12), set_of_age(0, 70, 71)};
  sets[0].pin = Pin::consistency;
  const auto rule = wal_rule(sets, decide(sets, {.count = 1}, now));
  CHECK(rule.may_go(segment(1, 9)));
  for (const unsigned number : {10U, 11U, 12U}) CHECK_FALSE(rule.may_go(segment(1, number)));
  CHECK(rule.may_go(segment(2, 11)));
  CHECK(rule.may_go(segment(1, 13)));
  CHECK_FALSE(rule.may_go(segment(1, 70)));
}

TEST_CASE("while a set cannot be read, and when there is none, no WAL goes") {
  std::vector<RetainedSet> sets = {set_of_age(2, 50, 51), set_of_age(1, 60, 61)};
  sets[0].state = State::unreadable;
  CHECK_FALSE(wal_rule(sets, decide(sets, {.count = 1}, now)).may_go(segment(1, 1)));
  CHECK_FALSE(wal_rule({}, {}).may_go(segment(1, 1)));
}

namespace {

// A random history: backups of several timelines, failures, pins, and a clock that steps back.
class History {
 public:
  explicit History(unsigned seed) : random_(seed) {
    std::time_t clock = now - 60 * day;
    unsigned position = 100, timeline = 1;
    const int backups = below(30);
    for (int i = 0; i < backups; ++i) {
      clock += below(4) * day - (below(8) == 0 ? 3 * day : 0);
      position += static_cast<unsigned>(below(20));
      if (below(6) == 0) {  // recovered to an earlier point
        ++timeline;
        position -= static_cast<unsigned>(below(40));
      }
      const unsigned last = position + static_cast<unsigned>(below(3));
      sets_.push_back({.name = fmt::format("set-{}", i),
                       .state = below(8) == 0    ? State::waiting
                                : below(40) == 0 ? State::unreadable
                                                 : State::complete,
                       .stop_time = clock,
                       .stop = {last},
                       .first_segment = segment(timeline, position),
                       .last_segment = segment(timeline, last),
                       .has_bad_pages = below(6) == 0,
                       .is_left_behind = false,
                       .pin = below(8) == 0   ? Pin::all
                              : below(8) == 0 ? Pin::consistency
                                              : Pin::none,
                       .held = below(10) == 0 ? "read" : ""});
      position = last;
    }
    std::ranges::stable_sort(sets_, {}, &RetainedSet::stop_time);
    rules_ = {.days = below(3) * 5,
              .count = below(4),
              .weekly = below(3),
              .monthly = below(3),
              .yearly = below(2),
              .minimum = 1 + below(3)};
    top_ = position;
    timelines_ = timeline;
  }

  void check() const {
    const auto decisions = decide(sets_, rules_, now);
    const WalRule rule = wal_rule(sets_, decisions);
    std::optional<std::string> floor;
    bool all_is_known = true;
    for (std::size_t i = 0; i < sets_.size(); ++i) {
      const RetainedSet& set = sets_[i];
      if (set.pin != Pin::none || !set.held.empty() || set.state == State::unreadable)
        REQUIRE(decisions[i].keep);
      if (!decisions[i].keep) continue;
      if (set.state == State::unreadable) all_is_known = false;
      check_wal_of(set, decisions[i], rule);
      if (!decisions[i].for_consistency_only && set.state != State::unreadable) {
        const std::string start = set.first_segment.substr(8);
        floor = floor ? std::min(*floor, start) : start;
      }
    }
    check_newest(decisions);
    check_nothing_survives_below(rule, all_is_known ? floor : std::nullopt, decisions);
  }

 private:
  int below(int end) { return std::uniform_int_distribution<int>(0, end - 1)(random_); }

  // From its start on everything on every timeline, or what makes it consistent.
  void check_wal_of(const RetainedSet& set, const Decision& decision, const WalRule& rule) const {
    if (set.state == State::unreadable) return;
    const auto number = [](const std::string& name) {
      return static_cast<unsigned>(std::stoul(name.substr(8), nullptr, 16));
    };
    const auto own = static_cast<unsigned>(std::stoul(set.first_segment.substr(0, 8), nullptr, 16));
    for (unsigned at = number(set.first_segment); at <= number(set.last_segment); ++at) {
      REQUIRE_FALSE(rule.may_go(segment(own, at)));
    }
    if (decision.for_consistency_only) return;
    for (unsigned timeline = 1; timeline <= timelines_; ++timeline) {
      for (unsigned at = number(set.first_segment); at <= top_; ++at)
        REQUIRE_FALSE(rule.may_go(segment(timeline, at)));
    }
  }

  void check_newest(const std::vector<Decision>& decisions) const {
    int complete = 0;
    bool sound_seen = false;
    for (std::size_t i = sets_.size(); i-- > 0;) {
      if (sets_[i].state != State::complete) continue;
      if (complete++ < rules_.minimum) REQUIRE(decisions[i].keep);
      if (!sets_[i].has_bad_pages && !std::exchange(sound_seen, true)) REQUIRE(decisions[i].keep);
    }
  }

  void check_nothing_survives_below(const WalRule& rule, const std::optional<std::string>& floor,
                                    const std::vector<Decision>& decisions) const {
    for (unsigned timeline = 1; timeline <= timelines_; ++timeline) {
      for (unsigned at = 0; at <= top_; ++at) {
        const std::string name = segment(timeline, at);
        if (!floor) {
          REQUIRE_FALSE(rule.may_go(name));
          continue;
        }
        const bool is_pinned = std::ranges::any_of(sets_, [&](const RetainedSet& set) {
          const Decision& decision = decisions[static_cast<std::size_t>(&set - sets_.data())];
          return decision.for_consistency_only && name >= set.first_segment && name <= set.last_segment;
        });
        REQUIRE(rule.may_go(name) == (name.substr(8) < *floor && !is_pinned));
      }
    }
  }

  std::mt19937 random_;
  std::vector<RetainedSet> sets_;
  RetentionRules rules_;
  unsigned top_ = 0, timelines_ = 1;
};

}  // namespace

TEST_CASE("in thousands of random histories every kept backup has all it needs, and nothing else survives") {
  for (unsigned seed = 0; seed < 3000; ++seed) {
    CAPTURE(seed);
    History(seed).check();
  }
}

TEST_CASE("a damaged set counts for no rule and keeps its own WAL") {
  std::vector<RetainedSet> sets = {set_of_age(3, 10, 12), set_of_age(2, 50, 52), set_of_age(0, 70, 71)};
  sets[0].state = sets[2].state = State::damaged;
  CHECK(kept(sets, {.count = 1}) == Names{"of-0", "of-2", "of-3"});
  CHECK(kept(sets, {.days = 1}) == Names{"of-0", "of-2", "of-3"});
  const auto rule = wal_rule(sets, decide(sets, {.count = 1}, now));
  CHECK_FALSE(rule.may_go(segment(1, 11)));
  CHECK(rule.may_go(segment(1, 13)));
  CHECK(rule.may_go(segment(1, 49)));
  CHECK_FALSE(rule.may_go(segment(1, 50)));
  // Alone it says nothing about what is not needed.
  sets.resize(1);
  CHECK_FALSE(wal_rule(sets, decide(sets, {.count = 1}, now)).may_go(segment(1, 1)));
}

TEST_CASE("what the newest timeline can be reached from stays beside newer backups that were left behind") {
  std::vector<RetainedSet> sets = {set_of_age(9, 10, 12), set_of_age(8, 20, 22), set_of_age(2, 50, 52)};
  sets[2].is_left_behind = true;
  CHECK(kept(sets, {.count = 1}) == Names{"of-2", "of-8"});
  CHECK_FALSE(wal_rule(sets, decide(sets, {.count = 1}, now)).may_go(segment(1, 20)));
  CHECK(wal_rule(sets, decide(sets, {.count = 1}, now)).may_go(segment(1, 19)));
  sets[1].has_bad_pages = true;
  CHECK(kept(sets, {.count = 1}) == Names{"of-2", "of-8", "of-9"});
  // The first backup of the newest timeline may be running on another host, with lower numbers.
  sets[0].is_left_behind = sets[1].is_left_behind = true;
  CHECK_FALSE(wal_rule(sets, decide(sets, {.count = 1}, now)).may_go(segment(1, 1)));
}
