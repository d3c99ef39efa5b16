#include <cmath>

#include "common/base/number.h"
#include "monitor/status/page.h"

namespace pitr {
namespace {

std::string escaped(std::string_view value) {
  std::string text;
  for (const char c : value) {
    if (c == '\\' || c == '"') text += '\\';
    text += c == '\n' ? ' ' : c;
  }
  return text;
}

class Page {
 public:
  explicit Page(const Labels& labels) : labels_(labels) {}

  void head(std::string_view metric, std::string_view help) {
    metric_ = metric;
    text_ += fmt::format("# HELP {0} {1}.\n# TYPE {0} gauge\n", metric, help);
  }
  // A sample of the metric whose head was the last; with a label of its own, or without.
  void sample(std::string_view value, std::string_view name = "", std::string_view label = "") {
    std::string all;
    const auto add = [&](std::string_view its, std::string_view text) {
      all += fmt::format("{}{}=\"{}\"", all.empty() ? "" : ",", its, escaped(text));
    };
    if (!name.empty()) add(name, label);
    for (const auto& [its, text] : labels_) add(its, text);
    text_ += fmt::format("{}{} {}\n", metric_, all.empty() ? "" : "{" + all + "}", value);
  }
  std::string take() { return std::move(text_); }

 private:
  const Labels& labels_;
  std::string text_, metric_;
};

std::string number_of(double value, Unit unit) {
  if (std::isinf(value)) return "+Inf";
  // Prometheus has ratios where people have percents.
  return number_text(unit == Unit::percent ? value / 100 : value);
}

// An age stands still when nobody looks any more; a moment goes on getting older.
void add_moment(const CheckResult& result, std::time_t now, Page& page) {
  constexpr std::string_view age = "_age_seconds";
  const std::string_view metric = result.check->metric;
  if (!metric.ends_with(age) || std::isinf(*result.value)) return;
  page.head(fmt::format("{}_timestamp_seconds", metric.substr(0, metric.size() - age.size())),
            "The moment since which that age is counted");
  page.sample(fmt::format("{:.0f}", static_cast<double>(now) - *result.value));
}

}  // namespace

std::string status_prometheus(const std::vector<CheckResult>& results, std::time_t now,
                              const Labels& labels) {
  Page page(labels);
  for (const CheckResult& result : results) {
    // What could not be looked at has no value, and a status of 3: an old value that stays would look like a
    // good one.
    if (!result.value) continue;
    page.head(result.check->metric, result.check->measures);
    for (const auto& [place, value] : result.places)
      page.sample(number_of(value, result.check->unit), "place", place);
    if (result.places.empty()) page.sample(number_of(*result.value, result.check->unit));
    add_moment(result, now, page);
  }
  page.head("pitr_check_status", "Status of each check: 0 ok, 1 warning, 2 critical, 3 unknown");
  for (const CheckResult& result : results)
    page.sample(std::to_string(static_cast<int>(result.status)), "check", result.check->name);
  page.head("pitr_info", "The version of pitr-monitor");
  page.sample("1", "version", PITR_VERSION);
  page.head("pitr_monitor_run_timestamp_seconds", "When pitr-monitor wrote this page");
  page.sample(std::to_string(now));
  return page.take();
}

}  // namespace pitr
