#include "monitor/verify/archive_files.h"

#include <algorithm>
#include <mutex>

#include "common/os/parallel_for.h"
#include "common/wal/wal_archive.h"

namespace pitr {
namespace {

// False: it is damaged.
bool check_file(Store& store, const StoredName& stored, std::uint64_t system_identifier, Findings& findings) {
  bool is_good = true;
  const Name name = stored.name();
  findings.attempt(store.describe(name), [&] {
    auto source = store.open(name);
    // Retention may take a segment while all are read.
    if (!source) return;
    try {
      read_wal(store, {stored.codec, name, std::move(source)}, {stored.wal, system_identifier},
               std::make_unique<NullSink>());
    } catch (const Error& error) {
      is_good = error.code() != Exit::damaged;
      throw;
    }
  });
  return is_good;
}

// False: there are two forms that differ. Nobody knows which one is right, and pitr-restore hands over
// neither.
bool are_same(Store& store, const WalName& wal, std::span<const Codec> forms, Findings& findings) {
  bool same = true;
  for (std::size_t i = 1; i < forms.size() && same; ++i) {
    const Name first(wal, suffix(forms[0])), other(wal, suffix(forms[i]));
    findings.attempt(store.describe(other), [&] {
      auto one = store.open(first), two = store.open(other);
      if (!one || !two) return;  // retention has taken it
      const auto original = decompressed(forms[0], store.describe(first), std::move(one));
      same = same_content(store, {forms[i], other, std::move(two)}, *original);
      if (!same) fail(Exit::damaged, "{} holds other bytes: recovery stops there", first.text());
    });
  }
  return same;
}

}  // namespace

std::vector<ArchiveListing::Stored> check_archived_files(Store& store, const ArchiveListing& archive,
                                                         const Sample& sample, std::size_t workers,
                                                         Findings& findings) {
  std::mutex mutex;
  std::vector<ArchiveListing::Stored> damaged;
  const std::uint64_t cluster = archive.identity.system_identifier;
  parallel_for(archive.segments.size(), workers, [&](std::size_t i) {
    const auto& [key, codec] = archive.segments[i];
    if (!sample.has(key.number)) return;
    const StoredName stored{segment_name(key, archive.identity.segment_size), codec};
    if (check_file(store, stored, cluster, findings)) return;
    const std::lock_guard lock(mutex);
    damaged.push_back({key, codec});
  });
  for (const SegmentKey& key : archive.twice) {
    std::vector<Codec> good;
    for (const ArchiveListing::Stored& stored : archive.segments) {
      if (stored.key == key && std::ranges::find(damaged, stored) == damaged.end())
        good.push_back(stored.codec);
    }
    const bool is_read = sample.has(key.number);
    if (!is_read || are_same(store, segment_name(key, archive.identity.segment_size), good, findings))
      continue;
    for (const Codec codec : good) damaged.push_back({key, codec});
  }
  // History files were read already.
  for (const StoredName& other : archive.others) {
    if (other.wal.kind() != WalKind::history) check_file(store, other, cluster, findings);
  }
  return damaged;
}

}  // namespace pitr
