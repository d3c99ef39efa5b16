#include "restore/recover/wal_search.h"

#include <cstdlib>

#include "common/set/tar_reader.h"
#include "restore/recover/set_contents.h"

namespace pitr {
namespace {

class BorrowedSource final : public Source {
 public:
  explicit BorrowedSource(Source& from) : from_(from) {}
  std::size_t read(std::span<std::byte> buffer) override { return from_.read(buffer); }

 private:
  Source& from_;
};

// The WAL in the set. Segments that are asked for in the order of the tar cost one pass through it.
class Bundle {
 public:
  explicit Bundle(const std::function<std::unique_ptr<Source>()>& open) : open_(open) {}

  // Null: it is not there. Valid until the next one is asked for.
  std::unique_ptr<Source> open(const WalName& name) {
    if (!open_) return nullptr;
    for (int pass = 0; pass < 2; ++pass) {
      if (!tar_) {
        bytes_ = open_();
        tar_.emplace(*bytes_, "the WAL of the backup");
      }
      for (TarEntry member; tar_->next(member);) {
        if (wal_of_member(member.path) == name) return std::make_unique<BorrowedSource>(tar_->content());
      }
      tar_.reset();
    }
    return nullptr;
  }

 private:
  const std::function<std::unique_ptr<Source>()>& open_;
  std::unique_ptr<Source> bytes_;
  std::optional<TarReader> tar_;
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

// Does recovery that has become consistent go no further than this record, which it may still replay?
bool stops_at(const WalRecord& record, const RecoveryTarget& target) {
  switch (target.kind) {
    case RecoveryTarget::Kind::latest:
      return false;
    case RecoveryTarget::Kind::immediate:
      return true;
    case RecoveryTarget::Kind::lsn:
      return record.start >= target.lsn;
    case RecoveryTarget::Kind::time: {
      const auto end = transaction_end(record);
      return end && (end->time > target.time || (target.exclusive && end->time == target.time));
    }
    case RecoveryTarget::Kind::xid:
    case RecoveryTarget::Kind::name:
      return is_target(record, target);
  }
  return false;
}

}  // namespace

PathRecords records_of(const WalSearch& search) {
  return PathRecords(search.sources, search.rescued, search.path, search.meta.segment_size);
}

std::optional<Moment> last_commit(const WalSearch& search, Log& log) {
  const PathRecords wal = records_of(search);
  const SegmentSize size = search.meta.segment_size;
  // Backwards, because the newest segment usually has one.
  for (Lsn end = search.end; end > search.begin;) {
    const Lsn start = std::max(size.start_of_segment({end.value - 1}), search.begin);
    log.detail("Looking for the last commit from {} on", to_string(start));
    std::optional<Moment> last;
    wal.read(start, end, [&](const WalRecord& record) {
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
  records_of(search).read(search.begin, search.end, [&](const WalRecord& record) {
    if (is_target(record, target)) found = record.start;
    return !found;
  });
  return found;
}

ReplayedTablespaces replayed_tablespaces(const WalSearch& search, const RecoveryTarget& target, Log& log) {
  log.detail("Looking for new tablespaces from {} on", to_string(search.begin));
  const auto segment_at = [&](Lsn lsn) {
    const SegmentSize size = search.meta.segment_size;
    return WalName::segment(timeline_on(search.path, lsn, size), lsn, size);
  };
  ReplayedTablespaces result{{}, segment_at({search.end.value - 1})};
  Bundle bundle(search.bundle);
  std::optional<WalName> missing;
  PathRecords wal = records_of(search);
  wal.otherwise([&](const WalName& name, Lsn start) -> WalSegment {
    if (auto bundled = bundle.open(name)) return {std::move(bundled), name.text() + " of the backup"};
    if (start < search.end) missing = name;
    return {};
  });
  wal.read(search.begin, search.end, [&](const WalRecord& record) {
    auto created = created_tablespace(record);
    if (created && !created->location.empty())
      result.created.push_back({record.start, std::to_string(created->oid), std::move(created->location)});
    const bool is_last = record.start >= search.meta.stop && stops_at(record, target);
    if (is_last) result.last = segment_at({record.end.value - 1});
    return !is_last;
  });
  if (missing) {
    fail(Exit::failed, "look for new tablespaces in the WAL: {} is neither archived nor in the backup",
         missing->text());
  }
  return result;
}

}  // namespace pitr
