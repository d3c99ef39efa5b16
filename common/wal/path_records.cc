#include "common/wal/path_records.h"

#include <algorithm>

#include "common/os/file_source.h"
#include "common/wal/wal_archive.h"

namespace pitr {

PathRecords::PathRecords(const std::vector<Place>& sources, const std::filesystem::path& rescued,
                         const TimelinePath& path, SegmentSize size)
    : rescued_(rescued), path_(path), size_(size) {
  for (const Place& source : sources) stores_.push_back(open_store(source, {}));
}

void PathRecords::read(Lsn from, Lsn end, const Each& each) const {
  bool is_rescued = false;  // the segment that is being read
  RecordReader reader(size_, from, [&](Lsn start) { return open(start, is_rescued); });
  try {
    while (const WalRecord* const record = reader.next()) {
      if (record->start >= end || !each(*record)) return;
    }
  } catch (const Error& error) {
    if (!is_rescued || error.code() != Exit::damaged) throw;
  }
}

std::optional<PathRecords::End> PathRecords::first_end(Lsn from, Lsn end,
                                                       const std::function<bool(Moment)>& is_behind) const {
  const auto first_in = [&](Lsn begin, const std::function<bool(Moment)>& wanted) {
    std::optional<End> found;
    read(begin, end, [&](const WalRecord& record) {
      const auto ended = transaction_end(record);
      if (ended && wanted(ended->time)) found = End{record.start, ended->time};
      return !found;
    });
    return found;
  };
  // The first end in the segment `low` is not behind (or `low` is the first), that in `high` is, or there is
  // none.
  std::uint64_t low = from.value / size_.bytes();
  std::uint64_t high = (end.value + size_.bytes() - 1) / size_.bytes();
  while (high - low > 1) {
    const std::uint64_t middle = low + (high - low) / 2;
    const auto first = first_in({middle * size_.bytes()}, [](Moment) { return true; });
    (first && !is_behind(first->time) ? low : high) = middle;
  }
  const std::uint64_t begin = low == 0 ? 0 : low - 1;
  return first_in(std::max(from, Lsn{begin * size_.bytes()}), is_behind);
}

WalSegment PathRecords::open(Lsn start, bool& is_rescued) const {
  const WalName name = WalName::segment(timeline_on(path_, start, size_), start, size_);
  for (const auto& store : stores_) {
    for (StoredWal& stored : find_wal(*store, name)) {
      const std::string file = store->describe(stored.name);
      return {decompressed(stored.codec, file, std::move(stored.source)), file};
    }
  }
  const auto rescued = rescued_ / name.text();
  is_rescued = !rescued_.empty() && is_there(rescued);
  if (is_rescued) return {std::make_unique<FileSource>(open_regular(rescued)), rescued.native()};
  return otherwise_ ? otherwise_(name, start) : WalSegment{};
}

}  // namespace pitr
