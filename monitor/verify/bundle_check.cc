#include "monitor/verify/bundle_check.h"

#include <algorithm>
#include <filesystem>

#include "common/postgres/wal_check.h"

namespace pitr {
namespace {

std::optional<WalName> wal_name(const std::string& path) {
  return WalName::parse(std::filesystem::path(path).filename().native());
}

}  // namespace

void BundleCheck::add(const WalName& name, bool good) {
  if (name.kind() == WalKind::history) histories_.push_back(name.timeline());
  if (name.kind() != WalKind::segment) return;
  if (const auto start = name.start(set_.meta.segment_size)) {
    (good ? segments_ : bad_).push_back(segment_key(name.timeline(), *start, set_.meta.segment_size));
  }
}

void BundleCheck::take(const TarEntry& member, Source& from, bool sound) {
  const auto name = wal_name(member.path);
  if (member.kind != TarEntry::Kind::file || !name) return;
  if (!sound) return add(*name, false);
  const bool is_known = set_.meta.system_identifier != 0;
  WalExpectation expected{*name, is_known ? std::optional(set_.meta.system_identifier) : std::nullopt};
  try {
    const auto sink = check_wal(expected, std::make_unique<NullSink>());
    copy(from, *sink);
    sink->finish();
    add(*name, true);
  } catch (const Error& error) {
    if (error.code() != Exit::damaged) throw;
    add(*name, false);
    findings_.add(
        {.kind = Finding::Kind::damaged, .file = tar_.path(), .member = member.path, .reason = error.what()});
  }
}

void BundleCheck::take_names(const std::vector<IndexedMember>& members) {
  for (const IndexedMember& member : members) {
    if (const auto name = wal_name(member.path)) add(*name, true);
  }
}

bool BundleCheck::has_history(Timeline timeline) const {
  return number(timeline) == 1 || std::ranges::find(histories_, timeline) != histories_.end();
}

void BundleCheck::finish(bool whole) {
  if (!whole) return;
  const Meta& meta = set_.meta;
  const auto missing = [&](const std::string& member, const std::string& reason) {
    findings_.add({.kind = Finding::Kind::missing, .file = tar_.path(), .member = member, .reason = reason});
  };
  std::vector<SegmentKey> all = segments_;
  all.insert(all.end(), bad_.begin(), bad_.end());
  const SegmentKey first = segment_key(meta.start_timeline, meta.start, meta.segment_size);
  SegmentKey last = first;
  if (meta.format > 0) {
    // A stop exactly at a segment's first byte needs nothing of that segment.
    last.number = std::max(first.number, (meta.stop.value - 1) / meta.segment_size.bytes());
  } else {
    // OmniPITR's meta file does not tell where the backup stopped.
    for (const SegmentKey& segment : segments_) {
      if (segment.timeline == first.timeline) last.number = std::max(last.number, segment.number);
    }
  }
  const std::vector<SegmentRange> path = {{first.timeline, 0, UINT64_MAX}};
  for (const SegmentRange& hole : missing_on(path, ranges_of(all), first.number, last.number)) {
    const auto name = [&](std::uint64_t n) {
      return segment_name({hole.timeline, n}, meta.segment_size).text();
    };
    missing(name(hole.first), hole.count() == 1
                                  ? "this WAL segment of the backup is not in it"
                                  : fmt::format("{} WAL segments of the backup, to {}, are not in it",
                                                hole.count(), name(hole.last)));
  }
  if (!has_history(meta.start_timeline))
    missing(WalName::history(meta.start_timeline).text(), "it is not in it");
}

}  // namespace pitr
