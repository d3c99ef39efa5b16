#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/status/places.h"
#include "monitor/status/threshold.h"

namespace pitr {

enum class Unit { seconds, bytes, percent, count };

// What a check has found. Throwing is "could not look".
struct Measurement {
  std::optional<double> value;  // null: the question has no meaning here, `detail` says why; infinity: never
  std::string detail = {};
  std::vector<std::pair<std::string, double>> places = {};  // the value of each place, where each has one
};

// One row per check.
struct Check {
  std::string_view name;
  std::string_view measures;  // for help and for Prometheus: starts with a capital, no full stop
  Unit unit;
  std::string_view metric;             // of Prometheus
  std::string_view warning, critical;  // the thresholds of who gives none; "": no alarm
  Measurement (*measure)(Places&);
  bool (*is_asked_for)(const MonitorPlaces&);  // when no check is named: is there where to look?
};
std::span<const Check> all_checks();
const Check& check_named(std::string_view name);  // throws usage

enum class Status { ok = 0, warning = 1, critical = 2, unknown = 3 };  // exit statuses of Nagios' plugins
std::string_view name(Status status);                                  // "OK"

struct CheckResult {
  const Check* check;
  Status status = Status::unknown;
  std::optional<double> value = {};
  std::string detail = {};
  std::vector<std::pair<std::string, double>> places = {};
  std::optional<Threshold> warning = {}, critical = {};
};

// A check that was asked for, and its thresholds.
struct WantedCheck {
  const Check* check;
  std::optional<Threshold> warning, critical;
};
Status judge(double value, const WantedCheck& wanted);
// Runs them. Checks that cannot look are `unknown` and do not stop the others. `named`: the user has named
// them; if not, those that have no meaning here are left out.
std::vector<CheckResult> run_checks(const std::vector<WantedCheck>& wanted, bool named, Places& places);

// The status of several: critical before unknown before warning, because what could not be looked at may be
// critical.
Status worst(const std::vector<CheckResult>& results);

}  // namespace pitr
