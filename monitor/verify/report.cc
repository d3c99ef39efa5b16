#include "monitor/verify/report.h"

namespace pitr {

ReportWords words(BackupReport::State state) {
  switch (state) {
    case BackupReport::State::good:
      return {"good", "good"};
    case BackupReport::State::damaged:
      return {"damaged", "NOT GOOD"};
    case BackupReport::State::unknown:
      return {"unknown", "could not look"};
  }
  return {};
}

ReportWords words(Finding::Kind kind) {
  switch (kind) {
    case Finding::Kind::damaged:
      return {"damaged", "DAMAGED"};
    case Finding::Kind::missing:
      return {"missing", "MISSING"};
    case Finding::Kind::unknown:
      return {"unknown", "COULD NOT LOOK"};
  }
  return {};
}

}  // namespace pitr
