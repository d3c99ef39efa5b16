#include "common/postgres/backup_label.h"

#include "tests/fuzz/fuzz.h"

using namespace pitr;
using namespace pitr::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const BackupLabel label = parse_backup_label(text_of(data, size));
    expect(label.start_file.kind() == WalKind::segment, "replay begins in a segment");
    expect(label.start_file.timeline() == label.timeline && number(label.timeline) > 0,
           "of the label's timeline");
  } catch (const Error& error) {
    expect(error.code() == Exit::damaged, "what does not parse is damaged");
  }
  return 0;
}
