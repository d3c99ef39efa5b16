#include "restore/recover/wal_search.h"

#include <cstdlib>
#include <functional>
#include <memory>

#include "common/os/file_source.h"
#include "common/wal/record_reader.h"
#include "common/wal/wal_archive.h"

namespace pitr {
namespace {

class Searched {
 public:
  explicit Searched(const WalSearch& search) : search_(search) {
    for (const Place& source : search.sources) stores_.push_back(open_store(source, {}));
  }

  // Calls `each` with the records that begin from `from` on and before `end`, until it returns false. The WAL
  // also ends where no source has it.
  void records(Lsn from, Lsn end, const std::function<bool(const WalRecord&)>& each) {
    RecordReader reader(search_.meta.segment_size, from, [&](Lsn start) { return open(start); });
    while (const WalRecord* const record = reader.next()) {
      if (record->start >= end || !each(*record)) return;
    }
  }

 private:
  WalSegment open(Lsn start) {
    const SegmentSize size = search_.meta.segment_size;
    const WalName name = WalName::segment(timeline_on(search_.path, start, size), start, size);
    for (const auto& store : stores_) {
      for (StoredWal& stored : find_wal(*store, name)) {
        const std::string file = store->describe(stored.name);
        return {decompressed(stored.codec, file, std::move(stored.source)), file};
      }
    }
    const auto rescued = search_.rescued / name.text();
    if (search_.rescued.empty() || !is_there(rescued)) return {};
    return {std::make_unique<FileSource>(open_regular(rescued)), rescued.native()};
  }

  const WalSearch& search_;
  std::vector<std::unique_ptr<Store>> stores_;
};

// As PostgreSQL reads recovery_target_xid: also octal and hexadecimal, and of 64 bits, as
// pg_current_xact_id() prints them, it compares 32.
std::uint32_t transaction_number(const std::string& text) {
  return static_cast<std::uint32_t>(std::strtoull(text.c_str(), nullptr, 0));
}

bool is_target(const WalRecord& record, const RecoveryTarget& target) {
  if (target.kind == RecoveryTarget::Kind::name) return restore_point(record) == target.text;
  const auto end = transaction_end(record);
  return end && end->transaction == transaction_number(target.text);
}

}  // namespace

std::optional<Moment> last_commit(const WalSearch& search, Log& log) {
  Searched wal(search);
  const SegmentSize size = search.meta.segment_size;
  // Backwards, because the newest segment usually has one.
  for (Lsn end = search.end; end > search.begin;) {
    const Lsn start = std::max(size.start_of_segment({end.value - 1}), search.begin);
    log.detail("Looking for the last commit from {} on", to_string(start));
    std::optional<Moment> last;
    wal.records(start, end, [&](const WalRecord& record) {
      const auto ended = transaction_end(record);
      if (ended && (!last || ended->time > *last)) last = ended->time;
      return true;
    });
    if (last) return last;
    end = start;
  }
  return std::nullopt;
}

std::optional<Lsn> find_target(const WalSearch& search, const RecoveryTarget& target, Log& log) {
  log.detail("Looking for {} from {} on", describe(target), to_string(search.begin));
  std::optional<Lsn> found;
  Searched(search).records(search.begin, search.end, [&](const WalRecord& record) {
    if (is_target(record, target)) found = record.start;
    return !found;
  });
  return found;
}

std::vector<std::string> created_tablespaces(const WalSearch& search, Log& log) {
  log.detail("Looking for new tablespaces from {} on", to_string(search.begin));
  std::vector<std::string> paths;
  Searched(search).records(search.begin, search.end, [&](const WalRecord& record) {
    auto path = created_tablespace(record);
    if (path && !path->empty()) paths.push_back(std::move(*path));
    return true;
  });
  return paths;
}

}  // namespace pitr
