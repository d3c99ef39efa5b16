#pragma once

#include <string_view>
#include <vector>

#include "common/postgres/wal.h"

namespace pitr {

// One ancestor in a timeline history file: `timeline` was left at `end`, where its successor begins.
struct TimelineSwitch {
  Timeline timeline;
  Lsn end;
};

// A NNNNNNNN.history file: lines "1<TAB>0/3000148<TAB>reason", '#' comments, empty lines. Timelines ascend
// and stay below `name`'s. Switch points may go back: a recovery along timeline 2 that ended before 2 had
// left 1 makes such a history (timeline_path() knows what it means). The last entry is the parent. Throws
// Exit::damaged with the line number when it does not parse, is cut off within an entry or names no ancestor
// (an empty file is damage: PostgreSQL would take it).
std::vector<TimelineSwitch> parse_timeline_history(const WalName& name, std::string_view text);

}  // namespace pitr
