#include "monitor/check/setup.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "common/os/file.h"
#include "monitor/check/destination.h"
#include "monitor/check/directory.h"
#include "monitor/check/programs.h"
#include "monitor/check/round_trip.h"
#include "monitor/check/settings.h"

namespace pitr {
namespace {

namespace fs = std::filesystem;

std::unique_ptr<Server> connect(const ServerAddress& address, SetupReport& report) {
  std::unique_ptr<Server> server;
  report.attempt("server", "start it, or name it with --host, --port, --username", [&] {
    server = std::make_unique<Server>(address, "pitr-check");
    report.ok("server", "PostgreSQL " + server->setting("server_version"));
  });
  return server;
}

fs::path directory_of(const CheckOptions& options, Server* server, SetupReport& report) {
  if (!options.data_directory.empty()) return fs::absolute(options.data_directory);
  fs::path directory;
  if (server == nullptr) return directory;
  report.attempt("data directory", "give --data-dir, or connect as a member of pg_monitor",
                 [&] { directory = server->setting("data_directory"); });
  return directory;
}

// Is the -D of pitr-archive this cluster's? Without one it is the server's working directory.
void check_command_directory(const ArchiveOptions& options, const fs::path& data_directory,
                             SetupReport& report) {
  const fs::path named = data_directory / options.data_directory;
  std::error_code code;
  if (fs::equivalent(named, data_directory, code)) return;
  report.failed("archive_command",
                fmt::format("its --data-dir {} is not {}", named.native(), data_directory.native()),
                "leave --data-dir out, and reload");
}

// Given ones, else what the server's settings name.
std::vector<Place> destinations_of(const CheckOptions& options, const ArchivingSettings& settings,
                                   Server* server, const fs::path& data_directory, SetupReport& report) {
  if (!options.destinations.empty() || server == nullptr) return options.destinations;
  std::vector<Place> found;
  if (settings.library.empty() && settings.options) found = settings.options->destinations;
  if (settings.library == "basic_archive") {
    const std::string directory = server->setting("basic_archive.archive_directory");
    if (!directory.empty()) found.push_back({.has_codec = false, .compression = {}, .place = directory});
  }
  // The server's working directory is its data directory.
  for (Place& place : found) {
    if (kind(place) == PlaceKind::directory) place.place = (data_directory / place.place).native();
  }
  if (found.empty()) {
    report.warning("destinations", "the settings name none that could be looked at",
                   "name the directories with --dst-local");
  }
  return found;
}

std::uint64_t max_wal_size(Server& server) {
  const std::string text = server.value("SELECT pg_size_bytes(current_setting('max_wal_size'))");
  std::uint64_t bytes = 0;
  std::from_chars(text.data(), text.data() + text.size(), bytes);
  return bytes;
}

// Returns those where something can arrive.
std::vector<Place> check_destinations(const std::vector<Place>& destinations, const ArchivedServer& server,
                                      SetupReport& report) {
  std::vector<Place> reached;
  for (const Place& place : destinations) {
    if (check_destination(place, server, report)) reached.push_back(place);
  }
  report.attempt("destinations", "", [&] { check_places_apart(reached, server.data_directory, report); });
  return reached;
}

// Why no segment is sent on its way; "" when one can be.
std::string reason_against_trip(const ArchivingSettings& settings, const std::vector<Place>& wanted,
                                const std::vector<Place>& reached) {
  if (!settings.is_on) return "archiving is off";
  if (settings.library.empty() && settings.command.kind == ArchiveCommand::Kind::none)
    return "archive_command is empty";
  // What a program stores cannot be looked at; the server's word on it can.
  const bool any_place =
      std::ranges::any_of(wanted, [](const Place& place) { return kind(place) != PlaceKind::pipe; });
  if (any_place && reached.empty()) return "no destination was reached";
  return "";
}

void check_archiving(Server& server, const ArchivingSettings& settings, const std::vector<Place>& wanted,
                     const RoundTrip& trip, SetupReport& report) {
  const std::string subject = "archiving";
  if (settings.is_standby) {
    return report.warning(subject, "was not tried: the server is a standby, which cannot switch WAL",
                          "run pitr-check on its primary as well");
  }
  const std::string reason = reason_against_trip(settings, wanted, trip.destinations);
  if (!reason.empty())
    return report.failed(subject, "was not tried: " + reason, "correct that and run this again");
  report.attempt(subject,
                 "connect as a superuser, or grant EXECUTE on pg_create_restore_point and pg_switch_wal",
                 [&] { check_round_trip(server, trip, report); });
}

}  // namespace

void check_setup(const CheckOptions& options, SetupReport& report) {
  const std::unique_ptr<Server> server = connect(options.server, report);
  const fs::path data_directory = directory_of(options, server.get(), report);
  ArchivedServer archived{.data_directory = data_directory};
  if (!data_directory.empty()) archived.identity = check_data_directory(data_directory, server.get(), report);

  ArchivingSettings settings;
  bool settings_known = false;
  if (server) {
    settings_known = report.attempt("settings", "connect as a superuser or a member of pg_monitor",
                                    [&] { settings = check_settings(*server, data_directory, report); });
    if (settings.options) {
      check_command_directory(*settings.options, data_directory, report);
      check_spool(data_directory, settings.options->spool_directory, report);
    }
    check_programs(settings.command, report);
    report.attempt("configuration", "connect as a superuser or a member of pg_monitor",
                   [&] { check_configuration_files(*server, data_directory, report); });
    report.attempt("max_wal_size", "", [&] { archived.max_wal_size = max_wal_size(*server); });
    archived.needs_marker = settings.command.kind == ArchiveCommand::Kind::pitr_archive;
    archived.marks_places = settings.options && !settings.options->state_directory.empty();
  }

  const std::vector<Place> wanted = destinations_of(options, settings, server.get(), data_directory, report);
  const std::vector<Place> reached = check_destinations(wanted, archived, report);
  if (!settings_known || !archived.identity) {
    return report.failed(
        "archiving",
        fmt::format("was not tried: the {} not known", archived.identity ? "settings are" : "cluster is"),
        "correct what is said above");
  }
  const RoundTrip trip{reached, data_directory, *archived.identity, options.temporary_directory,
                       options.timeout};
  check_archiving(*server, settings, wanted, trip, report);
}

}  // namespace pitr
