#include <algorithm>
#include <cmath>

#include "common/base/number.h"
#include "monitor/status/page.h"

namespace pitr {
namespace {

std::string_view unit_of_measurement(Unit unit) {
  switch (unit) {
    case Unit::seconds:
      return "s";
    case Unit::bytes:
      return "B";
    case Unit::percent:
      return "%";
    case Unit::count:
      return "";
  }
  return "";
}

// A '|' begins the performance data, a line end the long text.
std::string plain(std::string text) {
  std::ranges::replace(text, '|', '/');
  std::ranges::replace(text, '\n', ' ');
  return text;
}

std::string told(const CheckResult& result) {
  std::string text(result.check->name);
  if (result.value) text += " " + value_text(*result.value, result.check->unit);
  if (!result.detail.empty()) text += fmt::format(" ({})", plain(result.detail));
  return text;
}

std::string performance(const CheckResult& result) {
  const auto text = [](const std::optional<Threshold>& threshold) {
    return threshold ? threshold->text() : "";
  };
  const bool known = result.value && !std::isinf(*result.value);
  return fmt::format(" {}={}{};{};{};0", result.check->name, known ? number_text(*result.value) : "U",
                     known ? unit_of_measurement(result.check->unit) : "", text(result.warning),
                     text(result.critical));
}

}  // namespace

std::string status_nagios(const std::vector<CheckResult>& results) {
  std::string bad, lines, data;
  for (const CheckResult& result : results) {
    if (result.status != Status::ok || results.size() == 1) bad += (bad.empty() ? "" : ", ") + told(result);
    lines += fmt::format("{}: {}\n", name(result.status), told(result));
    data += performance(result);
  }
  if (bad.empty()) bad = fmt::format("{} checks", results.size());
  return fmt::format("PITR {} - {} |{}\n{}", name(worst(results)), bad, data,
                     results.size() > 1 ? lines : "");
}

}  // namespace pitr
