#include "common/codec/digest.h"
#include "common/set/backup_meta.h"
#include "tests/fuzz/fuzz.h"

using namespace pitr;
using namespace pitr::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The digest is made to fit: what lies behind it is to be reached.
  std::string text(text_of(data, size));
  text += "SHA-256: " + sha256_hex(as_bytes(text)) + "\n";
  try {
    const Meta meta = parse_meta(text);
    expect(meta.min_xlog.kind() == WalKind::segment, "replay begins in a segment");
    expect(number(meta.start_timeline) > 0 && number(meta.stop_timeline) > 0, "there is no timeline 0");
    if (meta.format == 0) return 0;
    expect(format_meta(parse_meta(format_meta(meta))) == format_meta(meta),
           "what was read is written the same again");
  } catch (const Error& error) {
    expect(error.code() == Exit::damaged || error.code() == Exit::failed, "damaged, or of another version");
  }
  return 0;
}
