#pragma once

#include <ctime>
#include <span>
#include <string>
#include <vector>

#include "common/postgres/wal.h"
#include "common/set/backup_pin.h"

namespace pitr {

// Which backups of one cluster stay, and which WAL. Nothing here looks at a disk.

struct RetentionRules {
  int days = 0;  // 0: this rule keeps nothing; the same for the following
  int count = 0, weekly = 0, monthly = 0, yearly = 0;
  int minimum = 1;       // so many of the newest stay whatever the other rules say
  int waiting_days = 2;  // how long a set may wait for its WAL
};

struct RetainedSet {
  std::string name;
  enum class State { complete, waiting, damaged, unreadable } state;
  std::time_t stop_time;
  Lsn stop;
  // What recovery from it reads on its own timelines: the names of its first and last segment. Of an
  // unreadable set nothing is known.
  std::string first_segment, last_segment;
  bool has_bad_pages;
  // Recovery along the newest timeline does not come by it: what followed it was given up for an earlier
  // moment.
  bool is_left_behind;
  Pin pin;
  std::string held;  // why it must not be touched: "a reader holds it", "leased until …"; "" for no reason
};

struct Decision {
  bool keep;
  std::string reason;
  bool for_consistency_only = false;  // its own WAL stays, but it does not keep all that follows
};
// One decision per set. `sets` come in the order of stop time and stop LSN.
std::vector<Decision> decide(std::span<const RetainedSet> sets, const RetentionRules& rules, std::time_t now);

// Which segments may go: those before `oldest_kept` (position_digits() of a segment), unless a set needs them
// for its own consistency.
struct WalRule {
  std::string oldest_kept;  // "": none may go
  std::string reason;
  struct Range {
    std::string first, last;  // names of segments of one timeline
  };
  std::vector<Range> kept_ranges;
  bool may_go(std::string_view segment) const;
};
WalRule wal_rule(std::span<const RetainedSet> sets, std::span<const Decision> decisions);

}  // namespace pitr
