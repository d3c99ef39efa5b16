#include <algorithm>
#include <array>

#include "common/base/number.h"
#include "common/os/processes.h"
#include "monitor/status/measurements.h"

namespace pitr {
namespace {

double number(const std::string& text) {
  const auto value = parse_quantity(text);
  if (!value) fail(Exit::failed, "the server answers '{}', which is no number", text);
  return std::max(*value, 0.0);
}

constexpr double never = std::numeric_limits<double>::infinity();

bool archives_in_this_state(Places& places, const std::string& mode) {
  return mode == "always" || (mode == "on" && !places.in_recovery());
}

// Null when the server archives; otherwise why it does not, and so has no queue.
std::optional<Measurement> no_archiving(Places& places) {
  const std::string mode = places.server().setting("archive_mode");
  if (archives_in_this_state(places, mode)) return std::nullopt;
  if (mode == "on") return Measurement{{}, "the server is in recovery and leaves archiving to its primary"};
  return Measurement{{}, "archive_mode is " + mode};
}

// What is found in archive_command when somebody wanted peace for an hour.
bool does_nothing(std::string_view command) {
  while (command.starts_with(' ')) command.remove_prefix(1);
  while (command.ends_with(' ') || command.ends_with(';')) command.remove_suffix(1);
  constexpr std::array idle = {"true", "/bin/true", "/usr/bin/true", "exit 0",
                               ":",    "cd .",      "exit",          "sleep 0"};
  return std::ranges::find(idle, command) != idle.end();
}

// How many seconds the oldest child of the startup process has been running; null: it has none.
std::optional<double> age_of_child(const std::string& startup) {
  const auto parent = static_cast<pid_t>(number(startup));
  if (process_text(parent, "cmdline").find("startup") == std::string::npos) {
    fail(Exit::failed,
         "process {} of the server is not to be seen here (run pitr-monitor on the server's host)", parent);
  }
  std::optional<double> longest;
  for (const pid_t process : all_processes()) {
    const auto status = process_status(process);
    if (status && status->parent == parent) longest = std::max(longest.value_or(0), status->age);
  }
  return longest;
}

constexpr std::string_view not_in_recovery = "the server is not in recovery";

}  // namespace

Measurement archiving_off(Places& places) {
  Server& server = places.server();
  const std::string mode = server.setting("archive_mode");
  if (!archives_in_this_state(places, mode)) {
    if (places.in_recovery()) return {0, "in recovery: archiving is its primary's work"};
    return {1, fmt::format("archive_mode is {}: what happens from now on cannot be recovered", mode)};
  }
  const std::string command = server.setting("archive_command"), library = server.setting("archive_library");
  if (!library.empty()) return {0, "by archive_library " + library};
  if (command.empty()) return {1, "archive_mode is on, archive_command is empty"};
  if (does_nothing(command)) return {1, fmt::format("archive_command '{}' throws WAL away", command)};
  return {0, "by archive_command"};
}

Measurement archive_queue(Places& places) {
  if (auto reason = no_archiving(places)) return *reason;
  return {number(
      places.server().value("SELECT count(*) FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'"))};
}

Measurement current_archive_time(Places& places) {
  if (auto reason = no_archiving(places)) return *reason;
  const auto rows = places.server().query(
      "SELECT extract(epoch FROM clock_timestamp() - modification)::numeric, name FROM "
      "pg_ls_archive_statusdir() "
      "WHERE name LIKE '%.ready' ORDER BY modification, name LIMIT 1");
  if (rows.empty()) return {0, "nothing waits"};
  const std::string name = rows[0].at(1).value_or("");
  return {number(rows[0].at(0).value_or("")), name.substr(0, name.rfind('.')) + " waits"};
}

Measurement last_archive_age(Places& places) {
  if (auto reason = no_archiving(places)) return *reason;
  // A crash resets the statistics, and pitr-archive looks ahead: archive_status has a word in it, too.
  const auto rows = places.server().query(
      "SELECT extract(epoch FROM clock_timestamp() - greatest((SELECT last_archived_time FROM "
      "pg_stat_archiver), "
      "(SELECT max(modification) FROM pg_ls_archive_statusdir() WHERE name LIKE '%.done')))::numeric, "
      "(SELECT last_archived_wal FROM pg_stat_archiver)");
  const auto& age = rows.at(0).at(0);
  if (!age) return {never, "nothing has been archived yet"};
  return {number(*age), rows[0].at(1).value_or("")};
}

Measurement last_restore_age(Places& places) {
  if (!places.in_recovery()) return {{}, std::string(not_in_recovery)};
  // The server makes such a file for every segment that it was handed, by restore_command or by streaming.
  const auto rows = places.server().query(
      "SELECT extract(epoch FROM clock_timestamp() - modification)::numeric, name FROM "
      "pg_ls_archive_statusdir() "
      "WHERE name ~ '^[0-9A-F]{24}' ORDER BY modification DESC, name DESC LIMIT 1");
  if (rows.empty()) return {never, "no segment has come since recovery began"};
  const std::string name = rows[0].at(1).value_or("");
  return {number(rows[0].at(0).value_or("")), name.substr(0, name.find('.'))};
}

Measurement current_restore_time(Places& places) {
  if (!places.in_recovery()) return {{}, std::string(not_in_recovery)};
  const auto rows = places.server().query("SELECT pid FROM pg_stat_activity WHERE backend_type = 'startup'");
  if (rows.empty() || !rows[0].at(0)) {
    fail(Exit::failed, "the startup process is not in pg_stat_activity (does the role have pg_monitor?)");
  }
  const auto age = age_of_child(*rows[0][0]);
  if (!age) return {0, "none is running"};
  return {*age};
}

}  // namespace pitr
