#include <algorithm>

#include "common/base/number.h"
#include "common/os/processes.h"
#include "common/wal/archive_command.h"
#include "common/wal/coverage.h"
#include "common/wal/marker.h"
#include "common/wal/stored_name.h"
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

// "; its last failure 00000001000000000000001A, 14 s ago": of an archiver that has not got on since. "":
// there is none.
std::string last_failure(Server& server) {
  const auto rows = server.query(
      "SELECT last_failed_wal, round(extract(epoch FROM clock_timestamp() - last_failed_time)) "
      "FROM pg_stat_archiver WHERE last_failed_time > coalesce(last_archived_time, '-infinity')");
  if (rows.empty()) return "";
  return fmt::format(", which fails: the last time {} s ago on {}", rows[0].at(1).value_or("?"),
                     rows[0].at(0).value_or("?"));
}

// The newest segment that the server takes for archived; null: there is none.
std::optional<WalName> newest_archived(Server& server) {
  // A crash resets the statistics; the marks of what was archived go with the segments.
  const auto rows = server.query(
      "SELECT coalesce((SELECT last_archived_wal FROM pg_stat_archiver WHERE last_archived_wal ~ "
      "'^[0-9A-F]{24}$'), (SELECT max(left(name, 24) COLLATE \"C\") FROM pg_ls_archive_statusdir() "
      "WHERE name ~ '^[0-9A-F]{24}[.]done$'))");
  return WalName::parse(rows.at(0).at(0).value_or(""));
}

// Null: a name that no segment of this size has.
std::optional<SegmentKey> key_of(const WalName& wal, SegmentSize size) {
  const auto start = wal.start(size);
  if (!start) return std::nullopt;
  return segment_key(wal.timeline(), *start, size);
}

struct Lag {
  double segments = 0;
  std::string detail;
};

// How far the archive is behind. The server was asked first: what it says had to be there already.
Lag lag_of(const Place& place, const SegmentKey& archived, const ClusterIdentity& cluster) {
  const auto store = open_store(place, {});
  const auto marker = read_marker(*store);
  if (marker && *marker != cluster) {
    return {never, fmt::format("{} is the archive of cluster {}, the server is of {}", place.place,
                               marker->system_identifier, cluster.system_identifier)};
  }
  // Of its timeline; while that has none, of those before it. Older timelines may have gone further than it.
  std::optional<std::uint64_t> newest, before;
  store->list("", [&](const Name& name) {
    const auto wal = stored_segment(name);
    if (!wal) return true;
    const auto key = key_of(*wal, cluster.segment_size);
    if (!key) return true;
    if (key->timeline == archived.timeline) {
      newest = std::max(newest.value_or(0), key->number);
    } else if (key->timeline < archived.timeline && key->number < archived.number) {
      before = std::max(before.value_or(0), key->number);
    }
    return true;
  });
  if (!newest) newest = before;
  const std::string wanted = segment_name(archived, cluster.segment_size).text();
  if (!newest)
    return {never,
            fmt::format("{} has no WAL, and the server says that {} is archived", place.place, wanted)};
  if (*newest >= archived.number) return {};
  return {static_cast<double>(archived.number - *newest),
          fmt::format("the server says that {} is archived, and {} ends before it", wanted, place.place)};
}

ClusterIdentity identity_of(Server& server) {
  const auto row =
      server
          .query(
              "SELECT system_identifier, (SELECT setting FROM pg_settings WHERE name = 'wal_segment_size') "
              "FROM pg_control_system()")
          .at(0);
  const auto size = SegmentSize::of(static_cast<std::uint64_t>(number(row.at(1).value_or(""))));
  if (!size) fail(Exit::failed, "the server's wal_segment_size is {}", row.at(1).value_or(""));
  return {std::stoull(row.at(0).value_or("0")), *size};
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
  switch (read_archive_command(command).kind) {
    case ArchiveCommand::Kind::none:
      return {1, "archive_mode is on, archive_command is empty"};
    case ArchiveCommand::Kind::discards:
      return {1, fmt::format("archive_command '{}' throws WAL away", command)};
    // Nothing is lost: WAL waits, and archive-queue counts it.
    case ArchiveCommand::Kind::refuses:
    case ArchiveCommand::Kind::pitr_archive:
    case ArchiveCommand::Kind::other:
      break;
  }
  return {0, "by archive_command" + last_failure(server)};
}

Measurement archive_lag(Places& places) {
  const auto& archives = places.given().archives;
  if (archives.empty()) fail(Exit::usage, "no archive (give --archive)");
  if (auto reason = no_archiving(places)) return *reason;
  const auto archived = newest_archived(places.server());
  if (!archived) return {0, "nothing has been archived yet"};
  const ClusterIdentity cluster = identity_of(places.server());
  const auto key = key_of(*archived, cluster.segment_size);
  if (!key) fail(Exit::failed, "the server archives {}, which is no segment of its size", archived->text());
  Lag worst{0, archived->text() + " has arrived"};
  std::vector<std::pair<std::string, double>> each;
  for (const Place& place : archives) {
    const Lag lag = lag_of(place, *key, cluster);
    each.emplace_back(place.place, lag.segments);
    if (lag.segments > worst.segments) worst = lag;
  }
  return {worst.segments, worst.detail, std::move(each)};
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
  return {number(rows[0].at(0).value_or("")),
          name.substr(0, name.rfind('.')) + " waits" + last_failure(places.server())};
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
