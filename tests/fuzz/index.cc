#include "common/set/backup_index.h"
#include "tests/fuzz/fuzz.h"

using namespace pitr;
using namespace pitr::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    MemorySource source(as_bytes(text_of(data, size)));
    for (const IndexedFile& file : read_index(source, [](const IndexedMember&) {})) {
      std::uint64_t stored = 0, raw = 0;
      for (const IndexedBlock& block : file.blocks) {
        expect(block.stored_offset == stored && block.raw_offset == raw, "blocks follow one another");
        stored += block.stored_size;
        raw += block.raw_size;
      }
      expect(file.blocks.empty() || stored == file.size, "blocks are the whole file");
    }
  } catch (const Error& error) {
    expect(error.code() == Exit::damaged || error.code() == Exit::failed, "damaged, or of another version");
  }
  return 0;
}
