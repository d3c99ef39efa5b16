// A WAL segment: behind its first page header come the bytes, so that they are taken for records.
#include "common/postgres/catalog_row.h"
#include "common/postgres/database_record.h"
#include "common/postgres/heap_record.h"
#include "common/wal/database_drops.h"
#include "common/wal/record_reader.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/wal_samples.h"

using namespace pitr;
using namespace pitr::fuzz;

namespace {

void look_at(const WalRecord& record) {
  DatabaseDrops().see(record);
  running_transactions(record);
  created_database(record);
  if (const auto contents = contents_of(record)) {
    each_new_row(
        record, *contents, [&](const HeapRow&) { return contents->main; },
        [&](const HeapRow& row) {
          relation_row(row.columns, record.magic);
          schema_row(row.columns);
          database_row(row.columns, record.magic);
        });
    std::size_t held = contents->main.size();
    for (const WalBlock& block : contents->blocks) held += block.image.size() + block.data.size();
    expect(held <= record.body.size(), "what a record holds is part of it");
  }
  transaction_end(record);
  created_tablespace(record);
  const auto name = restore_point(record);
  expect(!name || name->size() <= 64, "the name of a restore point has 64 bytes at most");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes = wal_samples::bytes_of({}) + std::string(text_of(data, size));
  // As the body of one record first: no checksum stands in the way.
  for (const std::uint16_t magic : {0xD10D, 0xD110, 0xD118}) {
    if (const auto record = parse_wal_record(as_bytes(text_of(data, size)), {}, magic)) look_at(*record);
  }
  const Lsn begin{7 * wal_samples::megabyte};
  RecordReader reader(wal_samples::segment_size(), begin, [&](Lsn start) -> WalSegment {
    if (start != begin) return {};
    return {std::make_unique<MemorySource>(as_bytes(bytes)), "segment"};
  });
  try {
    while (const WalRecord* record = reader.next()) {
      expect(record->end > record->start, "a record has a length");
      look_at(*record);
    }
  } catch (const Error&) {
  }
  return 0;
}
