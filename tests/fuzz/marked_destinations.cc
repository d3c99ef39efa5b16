// What pitr-archive remembers in its state directory: an unmounted destination must not be marked again.
#include <stdlib.h>
#include <unistd.h>

#include <fstream>

#include "archive/marking.h"
#include "tests/fuzz/fuzz.h"

using namespace pitr;
using namespace pitr::fuzz;

namespace {

// In memory, where it can be: the memory is synced at every change.
struct StateDirectory {
  StateDirectory() {
    std::string name =
        ::access("/dev/shm", W_OK) == 0 ? "/dev/shm/pitr-fuzz.XXXXXX" : "/tmp/pitr-fuzz.XXXXXX";
    expect(::mkdtemp(name.data()) != nullptr, "there is room for the state directory");
    path = name;
  }
  ~StateDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  std::filesystem::path path;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const StateDirectory state;
  const std::string memory(text_of(data, size));
  std::ofstream(state.path / "marked-destinations", std::ios::binary) << memory;
  bool is_remembered = false;
  for (std::string_view rest = memory; !rest.empty();) {
    is_remembered = take_until(rest, '\n') == "/wal" || is_remembered;
  }

  MemoryStore store;
  Log log("fuzz");
  const ClusterIdentity identity{1, SegmentSize::of(1 << 20).value()};
  bool was_taken = true;
  try {
    require_marker(store, identity, state.path, {}, log, [] {});
  } catch (const Error&) {
    was_taken = false;
  }
  expect(was_taken != is_remembered, "an empty place is marked unless it was marked before");
  if (was_taken) {
    MemoryStore unmounted;
    try {
      require_marker(unmounted, identity, state.path, {}, log, [] {});
      expect(false, "what was marked is remembered");
    } catch (const Error&) {
    }
  }
  return 0;
}
