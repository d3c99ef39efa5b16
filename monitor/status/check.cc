#include "monitor/status/check.h"

#include <algorithm>

#include "common/base/nearest.h"

namespace pitr {
namespace {

int severity(Status status) {
  switch (status) {
    case Status::ok:
      return 0;
    case Status::warning:
      return 1;
    case Status::unknown:
      return 2;
    case Status::critical:
      return 3;
  }
  return 3;
}

}  // namespace

std::string_view name(Status status) {
  switch (status) {
    case Status::ok:
      return "OK";
    case Status::warning:
      return "WARNING";
    case Status::critical:
      return "CRITICAL";
    case Status::unknown:
      return "UNKNOWN";
  }
  return "";
}

const Check& check_named(std::string_view name) {
  std::vector<std::string_view> known;
  std::string list;
  for (const Check& check : all_checks()) {
    if (check.name == name) return check;
    known.push_back(check.name);
    list += fmt::format("{}{}", list.empty() ? "" : ", ", check.name);
  }
  const std::string_view near = nearest(name, known);
  fail(Exit::usage, "unknown check {}{} (known: {})", name,
       near.empty() ? "" : fmt::format(", did you mean {}?", near), list);
}

Status judge(double value, const WantedCheck& wanted) {
  if (wanted.critical && wanted.critical->alarms(value)) return Status::critical;
  if (wanted.warning && wanted.warning->alarms(value)) return Status::warning;
  return Status::ok;
}

std::vector<CheckResult> run_checks(const std::vector<WantedCheck>& wanted, bool named, Places& places) {
  std::vector<CheckResult> results;
  for (const WantedCheck& one : wanted) {
    CheckResult result{.check = one.check, .warning = one.warning, .critical = one.critical};
    try {
      Measurement found = one.check->measure(places);
      if (!found.value && !named) continue;
      if (found.value) result.status = judge(*found.value, one);
      result.value = found.value;
      result.detail = std::move(found.detail);
      result.places = std::move(found.places);
    } catch (const Error& error) {
      result.detail = error.what();
    }
    results.push_back(std::move(result));
  }
  return results;
}

Status worst(const std::vector<CheckResult>& results) {
  Status status = Status::ok;
  for (const CheckResult& result : results) {
    if (severity(result.status) > severity(status)) status = result.status;
  }
  return status;
}

}  // namespace pitr
