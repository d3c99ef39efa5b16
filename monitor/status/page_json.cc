#include <cmath>

#include <nlohmann/json.hpp>

#include "common/base/time_text.h"
#include "monitor/status/page.h"

namespace pitr {
namespace {

using Json = nlohmann::ordered_json;

std::string_view text(Unit unit) {
  switch (unit) {
    case Unit::seconds:
      return "seconds";
    case Unit::bytes:
      return "bytes";
    case Unit::percent:
      return "percent";
    case Unit::count:
      return "count";
  }
  return "";
}

Json json_of(const CheckResult& result) {
  // JSON has no infinity: `never` says it.
  const bool never = result.value && std::isinf(*result.value);
  Json row = {{"name", result.check->name},
              {"status", name(result.status)},
              {"value", nullptr},
              {"unit", text(result.check->unit)},
              {"never", never}};
  if (result.value && !never) row["value"] = *result.value;
  row["warning"] = result.warning ? Json(result.warning->text()) : Json(nullptr);
  row["critical"] = result.critical ? Json(result.critical->text()) : Json(nullptr);
  row["detail"] = result.detail;
  return row;
}

}  // namespace

std::string status_json(const std::vector<CheckResult>& results, std::time_t now) {
  Json page = {
      {"version", 1}, {"status", name(worst(results))}, {"time", utc_text(now)}, {"checks", Json::array()}};
  for (const CheckResult& result : results) page["checks"].push_back(json_of(result));
  // A path may be no UTF-8, and JSON is nothing else.
  return page.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace pitr
