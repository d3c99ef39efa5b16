#include "common/postgres/timeline_history.h"

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
    expect(switches[i - 1].end <= switches[i].end, "switch points never go back");
  }
  return 0;
}
