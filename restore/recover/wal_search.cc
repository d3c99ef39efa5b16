#include "restore/recover/wal_search.h"

#include <cstdlib>

namespace pitr {
namespace {

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

std::vector<std::string> created_tablespaces(const WalSearch& search, Log& log) {
  log.detail("Looking for new tablespaces from {} on", to_string(search.begin));
  std::vector<std::string> paths;
  records_of(search).read(search.begin, search.end, [&](const WalRecord& record) {
    auto path = created_tablespace(record);
    if (path && !path->empty()) paths.push_back(std::move(*path));
    return true;
  });
  return paths;
}

}  // namespace pitr
