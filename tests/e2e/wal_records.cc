// Prints the records of the WAL segments in a directory as RecordReader sees them, one a line, to be compared
// with pg_waldump:
//   wal-records DIRECTORY START-LSN TIMELINE SEGMENT-BYTES
//   Heap 150 737 0/1544F58 0/1544F20 #0 1663/5/2619 15 FPW
// The last line is "end LSN", or "damaged: REASON" with status 3.
#include <filesystem>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "common/os/file.h"
#include "common/os/file_source.h"
#include "common/wal/record_reader.h"

using namespace pitr;

namespace {

constexpr const char* managers[] = {"XLOG",       "Transaction",   "Storage", "CLOG",     "Database",
                                    "Tablespace", "MultiXact",     "RelMap",  "Standby",  "Heap2",
                                    "Heap",       "Btree",         "Hash",    "Gin",      "Gist",
                                    "Sequence",   "SPGist",        "BRIN",    "CommitTs", "ReplicationOrigin",
                                    "Generic",    "LogicalMessage"};

std::string text_of(const WalRecord& record) {
  const auto number = static_cast<std::size_t>(record.manager);
  std::string line = fmt::format("{} {} {} {} {}", number < std::size(managers) ? managers[number] : "custom",
                                 record.body.size() + wal_record_header_size, record.transaction,
                                 to_string(record.start), to_string(record.previous));
  const auto contents = contents_of(record);
  if (!contents) return line + " NO CONTENTS";
  for (const WalBlock& block : contents->blocks) {
    line += fmt::format(" #{} {}/{}/{} {}{}", block.id, block.relation.tablespace, block.relation.database,
                        block.relation.relation, block.number, block.image.empty() ? "" : " FPW");
  }
  return line;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const std::filesystem::path directory = argv[1];
  const auto size = SegmentSize::of(std::strtoull(argv[4], nullptr, 10)).value();
  const Timeline timeline{static_cast<std::uint32_t>(std::atoi(argv[3]))};
  RecordReader reader(size, parse_lsn(argv[2]).value(), [&](Lsn start) -> WalSegment {
    const std::string name = WalName::segment(timeline, start, size).text();
    if (!std::filesystem::exists(directory / name)) return {};
    return {std::make_unique<FileSource>(open_regular(directory / name)), name};
  });
  try {
    while (const WalRecord* record = reader.next()) std::puts(text_of(*record).c_str());
    std::puts(("end " + to_string(reader.position())).c_str());
  } catch (const Error& error) {
    std::puts(fmt::format("damaged: {}", error.what()).c_str());
    return 3;
  }
}
