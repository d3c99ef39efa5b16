#include "common/postgres/timeline_history.h"

#include "common/wal/coverage.h"
#include "tests/fuzz/fuzz.h"

using namespace pitr;
using namespace pitr::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const WalName name = WalName::history(Timeline{100});
  std::vector<TimelineSwitch> switches;
  try {
    switches = parse_timeline_history(name, text_of(data, size));
  } catch (const Error& error) {
    expect(error.code() == Exit::damaged, "what does not parse is damaged");
    return 0;
  }
  expect(!switches.empty(), "there is an ancestor");
  expect(number(switches.front().timeline) > 0 && switches.back().timeline < name.timeline(),
         "ancestors are below");
  for (std::size_t i = 1; i < switches.size(); ++i) {
    expect(switches[i - 1].timeline < switches[i].timeline, "timelines ascend");
  }
  const TimelinePath path = timeline_path(name.timeline(), switches);
  expect(path.size() == switches.size() + 1, "every ancestor is on the way, and the timeline itself");
  for (std::size_t i = 0; i < path.size(); ++i) {
    expect(path[i].begin <= path[i].end, "no timeline ends before it begins");
    expect(path[i].begin == (i == 0 ? Lsn{} : path[i - 1].end), "each begins where the one before it ends");
    expect(i == switches.size() || path[i].end <= switches[i].end, "nobody goes on behind where he was left");
  }
  return 0;
}
