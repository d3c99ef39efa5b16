#include "common/postgres/manifest.h"

#include "common/codec/digest.h"
#include "tests/fuzz/fuzz.h"

using namespace pitr;
using namespace pitr::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Its own checksum is made to fit: what lies behind it is to be reached.
  std::string text(text_of(data, size));
  text += "\"Manifest-Checksum\": \"" + sha256_hex(as_bytes(text)) + "\"}\n";
  try {
    MemorySource source(as_bytes(text));
    read_manifest(source,
                  [](const ManifestFile& file) { expect(!file.algorithm.empty(), "an algorithm is named"); });
  } catch (const Error& error) {
    expect(error.code() == Exit::damaged, "what does not parse is damaged");
  }
  return 0;
}
