// The marker file of an archive.
#include "common/wal/marker.h"
#include "tests/fuzz/fuzz.h"

using namespace pitr;
using namespace pitr::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  MemoryStore store;
  store.files[std::string(marker_name)] = text_of(data, size);
  try {
    const auto identity = read_marker(store);
    expect(identity.has_value(), "a marker that is there is never absent");
    MemoryStore copy;
    write_marker(copy, *identity);
    expect(read_marker(copy) == identity, "what is read can be written and read again");
  } catch (const Error& error) {
    expect(error.code() == Exit::damaged, "what is no marker is damaged");
  }
  return 0;
}
