#include <cmath>

#include "common/base/number.h"
#include "monitor/status/page.h"

namespace pitr {
namespace {

std::string head(std::string_view metric, std::string_view help) {
  return fmt::format("# HELP {0} {1}.\n# TYPE {0} gauge\n", metric, help);
}

std::string sample(const CheckResult& result) {
  if (std::isinf(*result.value)) return "+Inf";
  // Prometheus has ratios where people have percents.
  return number_text(result.check->unit == Unit::percent ? *result.value / 100 : *result.value);
}

}  // namespace

std::string status_prometheus(const std::vector<CheckResult>& results, std::time_t now) {
  std::string page;
  for (const CheckResult& result : results) {
    // What could not be looked at has no value, and a status of 3: an old value that stays would look like a
    // good one.
    if (!result.value) continue;
    page += head(result.check->metric, result.check->measures);
    page += fmt::format("{} {}\n", result.check->metric, sample(result));
  }
  page += head("pitr_check_status", "Status of each check: 0 ok, 1 warning, 2 critical, 3 unknown");
  for (const CheckResult& result : results) {
    page += fmt::format("pitr_check_status{{check=\"{}\"}} {}\n", result.check->name,
                        static_cast<int>(result.status));
  }
  page += head("pitr_monitor_run_timestamp_seconds", "When pitr-monitor wrote this page");
  page += fmt::format("pitr_monitor_run_timestamp_seconds {}\n", now);
  return page;
}

}  // namespace pitr
