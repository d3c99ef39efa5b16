// A lease beside a backup set.
#include "common/set/backup_lease.h"
#include "tests/fuzz/fuzz.h"

using namespace pitr;
using namespace pitr::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  MemoryStore store;
  store.files["set.lease"] = text_of(data, size);
  std::optional<Lease> lease;
  try {
    lease = last_lease(store, "set");
  } catch (const Error& error) {
    expect(error.code() == Exit::damaged, "what is no lease is damaged");
    return 0;
  }
  expect(lease.has_value(), "a lease that is there is never absent");
  MemoryStore copy;
  try {
    write_lease(copy, "set", *lease);
  } catch (const Error&) {
    return 0;  // its file is named after the host, and foreign bytes may be no part of a name
  }
  const auto again = last_lease(copy, "set");
  expect(again && again->expires == lease->expires && again->hostname == lease->hostname &&
             again->data_directory == lease->data_directory,
         "what is read can be written and read again");
  return 0;
}
