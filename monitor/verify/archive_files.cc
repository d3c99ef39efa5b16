#include "monitor/verify/archive_files.h"

#include "common/os/parallel_for.h"
#include "common/wal/wal_archive.h"

namespace pitr {
namespace {

void check_file(Store& store, const StoredName& stored, std::uint64_t system_identifier, Findings& findings) {
  const Name name = stored.name();
  findings.attempt(store.describe(name), [&] {
    auto source = store.open(name);
    // Retention may take a segment while all are read.
    if (!source) return;
    read_wal(store, {stored.codec, name, std::move(source)}, {stored.wal, system_identifier},
             std::make_unique<NullSink>());
  });
}

}  // namespace

void check_archived_files(Store& store, const ArchiveListing& archive, const Sample& sample,
                          std::size_t workers, Findings& findings) {
  const std::uint64_t cluster = archive.identity.system_identifier;
  parallel_for(archive.segments.size(), workers, [&](std::size_t i) {
    const auto& [key, codec] = archive.segments[i];
    if (!sample.has(key.number)) return;
    check_file(store, {segment_name(key, archive.identity.segment_size), codec}, cluster, findings);
  });
  // History files were read already.
  for (const StoredName& other : archive.others) {
    if (other.wal.kind() != WalKind::history) check_file(store, other, cluster, findings);
  }
}

}  // namespace pitr
