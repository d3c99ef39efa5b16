#include "monitor/status/page.h"

#include <limits>

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using namespace pitr;

namespace {

// Rows of a table of our own: the printers know no check by name.
constexpr Check queue{
    "archive-queue", "Files that wait", Unit::count, "pitr_archive_queue_files", "", "", nullptr, nullptr};
constexpr Check age{"last-backup-age", "Seconds", Unit::seconds, "pitr_last_backup_age_seconds", "", "",
                    nullptr,           nullptr};
constexpr Check space{"free-space", "Free part", Unit::percent, "pitr_free_space_ratio",
                      "",           "",          nullptr,       nullptr};

const std::vector<CheckResult> results = {
    {.check = &queue,
     .status = Status::warning,
     .value = 12,
     .detail = "a|b\nc",
     .warning = Threshold::parse("10"),
     .critical = Threshold::parse("100")},
    {.check = &age,
     .status = Status::critical,
     .value = std::numeric_limits<double>::infinity(),
     .detail = "no backup",
     .critical = Threshold::parse("50h")},
    {.check = &space,
     .status = Status::ok,
     .value = 25.5,
     .detail = "\xff",
     .warning = Threshold::parse("15:")},
    {.check = &queue, .status = Status::unknown, .detail = "connect: no"},
};

std::vector<CheckResult> with(std::vector<Status> states) {
  std::vector<CheckResult> rows;
  for (const Status state : states) rows.push_back({.check = &queue, .status = state});
  return rows;
}

}  // namespace

TEST_CASE("critical is worse than unknown, unknown than a warning") {
  CHECK(worst({}) == Status::ok);
  CHECK(worst(with({Status::ok, Status::warning})) == Status::warning);
  CHECK(worst(with({Status::unknown, Status::warning})) == Status::unknown);
  CHECK(worst(with({Status::warning, Status::unknown, Status::critical, Status::ok})) == Status::critical);
}

TEST_CASE("critical is asked before warning") {
  const WantedCheck wanted{&queue, Threshold::parse("10"), Threshold::parse("100")};
  CHECK(judge(10, wanted) == Status::ok);
  CHECK(judge(11, wanted) == Status::warning);
  CHECK(judge(101, wanted) == Status::critical);
  CHECK(judge(1e9, {&queue, {}, {}}) == Status::ok);
}

TEST_CASE("one check prints one number") {
  CHECK(status_number(results[0]) == "12\n");
  CHECK(status_number({.check = &age, .status = Status::ok, .value = 12.9}) == "12\n");
  CHECK(status_number(results[1]) == "inf\n");
  CHECK(status_number(results[3]).empty());
}

TEST_CASE("Nagios gets a status line, performance data and a line for each check") {
  CHECK(status_nagios(results) ==
        "PITR CRITICAL - archive-queue 12 (a/b c), last-backup-age never (no backup), archive-queue "
        "(connect: no) |"
        " archive-queue=12;10;100;0 last-backup-age=U;;180000;0 free-space=25.5%;15:;;0 archive-queue=U;;;0\n"
        "WARNING: archive-queue 12 (a/b c)\n"
        "CRITICAL: last-backup-age never (no backup)\n"
        "OK: free-space 25.5 % (\xff)\n"
        "UNKNOWN: archive-queue (connect: no)\n");
  CHECK(status_nagios({{.check = &age, .status = Status::ok, .value = 61}}) ==
        "PITR OK - last-backup-age 61 s | last-backup-age=61s;;;0\n");
}

TEST_CASE("JSON has no infinity and nothing but UTF-8") {
  const auto page = nlohmann::json::parse(status_json(results, 1795341600));
  CHECK(page["status"] == "CRITICAL");
  CHECK(page["time"] == "2026-11-22T10:00:00Z");
  REQUIRE(page["checks"].size() == 4);
  CHECK(page["checks"][0]["value"] == 12);
  CHECK(page["checks"][0]["critical"] == "100");
  CHECK(page["checks"][1]["value"].is_null());
  CHECK(page["checks"][1]["never"] == true);
  CHECK(page["checks"][2]["critical"].is_null());
  CHECK(page["checks"][3]["value"].is_null());
  CHECK(page["checks"][3]["never"] == false);
  CHECK(page["checks"][3]["status"] == "UNKNOWN");
}

TEST_CASE("Prometheus gets HELP and TYPE, no value of what is not known, a status of everything") {
  CHECK(status_prometheus({results[1], results[2], results[3]}, 1795341600) ==
        "# HELP pitr_last_backup_age_seconds Seconds.\n"
        "# TYPE pitr_last_backup_age_seconds gauge\n"
        "pitr_last_backup_age_seconds +Inf\n"
        "# HELP pitr_free_space_ratio Free part.\n"
        "# TYPE pitr_free_space_ratio gauge\n"
        "pitr_free_space_ratio 0.255\n"
        "# HELP pitr_check_status Status of each check: 0 ok, 1 warning, 2 critical, 3 unknown.\n"
        "# TYPE pitr_check_status gauge\n"
        "pitr_check_status{check=\"last-backup-age\"} 2\n"
        "pitr_check_status{check=\"free-space\"} 0\n"
        "pitr_check_status{check=\"archive-queue\"} 3\n"
        "# HELP pitr_info The version of pitr-monitor.\n"
        "# TYPE pitr_info gauge\n"
        "pitr_info{version=\"" PITR_VERSION
        "\"} 1\n"
        "# HELP pitr_monitor_run_timestamp_seconds When pitr-monitor wrote this page.\n"
        "# TYPE pitr_monitor_run_timestamp_seconds gauge\n"
        "pitr_monitor_run_timestamp_seconds 1795341600\n");
}

TEST_CASE("each place has a sample of its own, an age its moment, and every sample the labels") {
  static constexpr Check age{
      "last-backup-age", "Seconds", Unit::seconds, "pitr_last_backup_age_seconds", "", "", nullptr, nullptr};
  CheckResult result{.check = &age, .status = Status::ok, .value = 60};
  const std::string page = status_prometheus({result}, 1795341600, {{"cluster", "ma\"in"}});
  CHECK(page.find("\npitr_last_backup_age_seconds{cluster=\"ma\\\"in\"} 60\n") != page.npos);
  CHECK(page.find("\npitr_last_backup_timestamp_seconds{cluster=\"ma\\\"in\"} 1795341540\n") != page.npos);
  CHECK(page.find("\npitr_check_status{check=\"last-backup-age\",cluster=\"ma\\\"in\"} 0\n") != page.npos);
  result.places = {{"/one", 1}, {"/two", 60}};
  const std::string places = status_prometheus({result}, 1795341600);
  CHECK(places.find("\npitr_last_backup_age_seconds{place=\"/one\"} 1\n"
                    "pitr_last_backup_age_seconds{place=\"/two\"} 60\n") != places.npos);
  CHECK(places.find("\npitr_last_backup_age_seconds 60\n") == places.npos);
}

TEST_CASE("values are printed for people") {
  CHECK(value_text(0, Unit::count) == "0");
  CHECK(value_text(90, Unit::seconds) == "90 s");
  CHECK(value_text(180, Unit::seconds) == "3.0 min");
  CHECK(value_text(93600, Unit::seconds) == "26.0 h");
  CHECK(value_text(864000, Unit::seconds) == "10.0 d");
  CHECK(value_text(1023, Unit::bytes) == "1023 B");
  CHECK(value_text(1536, Unit::bytes) == "1.5 KiB");
  CHECK(value_text(1e30, Unit::bytes).ends_with(" TiB"));
}
