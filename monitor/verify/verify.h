#pragma once

#include <string>
#include <vector>

#include "common/cli/options.h"
#include "common/set/reach.h"
#include "common/wal/archive_listing.h"
#include "monitor/verify/drill.h"
#include "monitor/verify/set_check.h"

namespace pitr {

struct VerifyOptions {
  Place backups;       // "" when only archives are looked at
  Remote remote;       // how places on other hosts are reached
  std::string backup;  // this set alone; "" for all
  std::vector<Place> archives;
  bool deep = false;  // read every archived file
  SetCheckOptions check;
  DrillOptions drill;
};

struct BackupReport {
  std::string name;
  Meta meta;
  enum class State { good, damaged, unknown };
  State state = State::good;
  struct Span {
    ReachableSpan reach;
    std::optional<std::time_t> until;  // when the last WAL of it was archived
  };
  std::vector<Span> spans;
  std::vector<SegmentKey> bundled = {};
};
struct ArchiveReport {
  ArchiveListing listing;
  bool good;
};
struct Report {
  std::vector<BackupReport> backups;  // the newest last
  std::vector<ArchiveReport> archives;
  std::optional<DrillReport> drill;
  Findings findings;
};

// Looks at everything; what is wrong becomes findings. Throws only usage, and when a signal was caught.
void verify(const VerifyOptions& options, Report& report, Log& log);

}  // namespace pitr
