#include "monitor/check/report.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "common/base/error.h"

namespace pitr {

std::string_view text(Grade grade) {
  switch (grade) {
    case Grade::ok:
      return "ok";
    case Grade::warning:
      return "warning";
    case Grade::failed:
      return "failed";
  }
  __builtin_unreachable();
}

std::string text(const SetupLine& line) {
  const std::string advice = line.advice.empty() ? "" : fmt::format(" ({})", line.advice);
  return fmt::format("{:<8} {}: {}{}", text(line.grade), line.subject, line.text, advice);
}

void SetupReport::add(SetupLine line) {
  lines_.push_back(std::move(line));
  each_(lines_.back());
}

bool SetupReport::attempt(const std::string& subject, const std::string& advice,
                          const std::function<void()>& check) {
  try {
    check();
    return true;
  } catch (const Error& error) {
    failed(subject, error.what(), advice);
    return false;
  }
}

std::size_t SetupReport::count(Grade grade) const {
  return static_cast<std::size_t>(std::ranges::count(lines_, grade, &SetupLine::grade));
}

std::string SetupReport::json() const {
  using Json = nlohmann::ordered_json;
  Json checks = Json::array();
  for (const SetupLine& line : lines_) {
    Json row = {{"verdict", text(line.grade)}, {"subject", line.subject}, {"text", line.text}};
    if (!line.advice.empty()) row["advice"] = line.advice;
    checks.push_back(std::move(row));
  }
  const Json json = {{"version", 1},
                     {"checks", std::move(checks)},
                     {"ok", count(Grade::ok)},
                     {"warnings", count(Grade::warning)},
                     {"failed", count(Grade::failed)}};
  // Names of files need not be UTF-8.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace pitr
