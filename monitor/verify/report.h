#pragma once

#include <string>
#include <string_view>

#include "monitor/verify/verify.h"

namespace pitr {

// What a report of pitr-verify calls it.
struct ReportWords {
  std::string_view for_programs, for_people;
};
ReportWords words(BackupReport::State state);
ReportWords words(Finding::Kind kind);

// For people; for programs.
std::string report_text(const Report& report);
std::string report_json(const Report& report);

}  // namespace pitr
