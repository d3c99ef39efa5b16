// NAME.pin beside a backup set.
#include "common/base/time_text.h"
#include "common/set/backup_pin.h"

#include "tests/fuzz/fuzz.h"

using namespace pitr;
using namespace pitr::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  MemoryStore store;
  store.files["set.pin"] = text_of(data, size);
  const auto pin = read_pin(store, "set");
  expect(pin.has_value(), "a pin that is there is never absent");
  if (pin->until)
    expect(parse_until(utc_text(*pin->until)) == *pin->until, "its end can be written and read again");
  return 0;
}
