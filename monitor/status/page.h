#pragma once

#include <ctime>
#include <string>
#include <vector>

#include "monitor/status/check.h"

namespace pitr {

// One printer per format; each file of them is one function.
std::string status_number(const CheckResult& result);  // what OmniPITR printed: "12"; "" when unknown
std::string status_text(const std::vector<CheckResult>& results);  // a line each, for people
std::string status_json(const std::vector<CheckResult>& results, std::time_t now);
std::string status_nagios(
    const std::vector<CheckResult>& results);  // a status line with performance data, then all
// For a text-file collector; every sample carries the labels, a name and its value each.
using Labels = std::vector<std::pair<std::string, std::string>>;
std::string status_prometheus(const std::vector<CheckResult>& results, std::time_t now,
                              const Labels& labels = {});

// "26.5 h", "1.2 GiB", "3": a value for people.
std::string value_text(double value, Unit unit);

}  // namespace pitr
