#include <cmath>

#include "common/base/number.h"
#include "monitor/status/page.h"

namespace pitr {

std::string value_text(double value, Unit unit) {
  if (std::isinf(value)) return "never";
  constexpr double minute = 60, hour = 3600, day = 86400, kibi = 1024;
  switch (unit) {
    case Unit::seconds:
      if (value >= 2 * day) return fmt::format("{:.1f} d", value / day);
      if (value >= 2 * hour) return fmt::format("{:.1f} h", value / hour);
      if (value >= 2 * minute) return fmt::format("{:.1f} min", value / minute);
      return fmt::format("{:.0f} s", value);
    case Unit::bytes: {
      constexpr const char* names[] = {"B", "KiB", "MiB", "GiB", "TiB"};
      std::size_t power = 0;
      for (; value >= kibi && power + 1 < std::size(names); ++power) value /= kibi;
      return fmt::format("{:.{}f} {}", value, power == 0 ? 0 : 1, names[power]);
    }
    case Unit::percent:
      return fmt::format("{:.1f} %", value);
    case Unit::count:
      return number_text(value);
  }
  return "";
}

std::string status_number(const CheckResult& result) {
  if (!result.value) return "";
  // Whole seconds, as scripts that call it compare them.
  return number_text(std::isinf(*result.value) ? *result.value : std::floor(*result.value)) + "\n";
}

std::string status_text(const std::vector<CheckResult>& results) {
  std::string text;
  for (const CheckResult& result : results) {
    std::string line =
        fmt::format("{:<9} {:<21} {:<10} {}", name(result.status), result.check->name,
                    result.value ? value_text(*result.value, result.check->unit) : "-", result.detail);
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace pitr
