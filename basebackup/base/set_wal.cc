#include "basebackup/base/set_wal.h"

namespace pitr {

std::optional<SetWal> write_set_wal(const Cluster& cluster, const WalRange& range, WalCollector& collector,
                                    SetWriter& set, const std::filesystem::path& temporary_directory,
                                    Log& log) {
  try {
    const auto tar = set.create(SetPart::xlog);
    const auto from = write_wal(cluster, range, collector, *tar, temporary_directory);
    tar->finish();
    return SetWal{tar->offset(), from == WalCollector::From::pg_wal};
  } catch (const Error& error) {
    if (!set.any_left()) throw;
    log.error("{}", error.what());
    set.abandon(SetPart::xlog);
    return std::nullopt;
  }
}

}  // namespace pitr
