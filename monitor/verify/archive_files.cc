#include "monitor/verify/archive_files.h"

#include "common/os/parallel.h"
#include "common/wal/wal_archive.h"

namespace pitr {
namespace {

void check_file(Store& store, const Name& name, Codec codec, const WalName& wal,
                std::uint64_t system_identifier, Findings& findings) {
  findings.attempt(store.describe(name), [&] {
    auto source = store.open(name);
    // Retention may take a segment while all are read.
    if (!source) return;
    read_wal(store, {codec, name, std::move(source)}, {wal, system_identifier}, std::make_unique<NullSink>());
  });
}

}  // namespace

void check_archived_files(Store& store, const ArchiveListing& archive, const Sample& sample,
                          std::size_t workers, Findings& findings) {
  const std::uint64_t cluster = archive.identity.system_identifier;
  parallel_for(archive.segments.size(), workers, [&](std::size_t i) {
    const auto& [key, codec] = archive.segments[i];
    if (!sample.has(key.number)) return;
    const WalName wal = segment_name(key, archive.identity.segment_size);
    check_file(store, Name(wal, suffix(codec)), codec, wal, cluster, findings);
  });
  // History files were read already.
  for (const Name& name : archive.others) {
    for (const Codec codec : all_codecs()) {
      if (!name.text().ends_with(suffix(codec))) continue;
      const auto wal = WalName::parse(name.text().substr(0, name.text().size() - suffix(codec).size()));
      if (wal && wal->kind() != WalKind::history) check_file(store, name, codec, *wal, cluster, findings);
    }
  }
}

}  // namespace pitr
