#pragma once

#include <vector>

#include "common/wal/coverage.h"
#include "monitor/verify/set_content.h"
#include "monitor/verify/tar_pass.h"

namespace pitr {

// What a set's xlog tar holds: each segment checked, and all from the start of the backup to its stop.
class BundleCheck {
 public:
  BundleCheck(const StoredTar& tar, const BackupSet& set, Findings& findings)
      : tar_(tar), set_(set), findings_(findings) {}

  void take(const TarEntry& member, Source& from, bool sound);
  // Without reading it: the members that the index names.
  void take_names(const std::vector<IndexedMember>& members);
  // `whole`: the tar was read to its end, or its members are known otherwise.
  void finish(bool whole);

  const std::vector<SegmentKey>& segments() const { return segments_; }

 private:
  // `good`: it can be recovered from.
  void add(const WalName& name, bool good);
  bool has_history(Timeline timeline) const;

  const StoredTar& tar_;
  const BackupSet& set_;
  Findings& findings_;
  std::vector<SegmentKey> segments_;  // that are good
  std::vector<SegmentKey> bad_;       // in it, and told already
  std::vector<Timeline> histories_;
};

}  // namespace pitr
