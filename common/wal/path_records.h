#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "common/base/moment.h"
#include "common/postgres/wal_record.h"
#include "common/store/place.h"
#include "common/wal/coverage.h"
#include "common/wal/record_reader.h"

namespace pitr {

// The records on a way through timelines, out of several places. What it is made of is the caller's, and
// lives as long.
class PathRecords {
 public:
  // `rescued`: an old pg_wal, for what no source has; "" for none.
  PathRecords(const std::vector<Place>& sources, const std::filesystem::path& rescued,
              const TimelinePath& path, SegmentSize size);

  // Calls `each` with the records that begin from `from` on and before `end`, until it returns false. The WAL
  // also ends where no source has it. Throws damaged where it cannot be what the server wrote.
  // A segment of an old pg_wal may end in what it held before it was recycled: there the WAL ends, too.
  using Each = std::function<bool(const WalRecord&)>;
  void read(Lsn from, Lsn end, const Each& each) const;

  // Where to look for a segment that neither a source nor the old pg_wal has.
  using Otherwise = std::function<WalSegment(const WalName& name, Lsn start)>;
  void otherwise(Otherwise look) { otherwise_ = std::move(look); }

  // The first end of a transaction between the two of whose time `is_behind` is true, when it is true of all
  // later times, too: segments are looked into by halves. Clocks that went back by less than a segment's time
  // do no harm. Null: there is none.
  struct End {
    Lsn at;
    Moment time;
  };
  std::optional<End> first_end(Lsn from, Lsn end, const std::function<bool(Moment)>& is_behind) const;

 private:
  WalSegment open(Lsn start, bool& is_rescued) const;

  const std::filesystem::path& rescued_;
  const TimelinePath& path_;
  SegmentSize size_;
  Otherwise otherwise_;
  std::vector<std::unique_ptr<Store>> stores_;
};

}  // namespace pitr
