#include "monitor/check/round_trip.h"

#include <fcntl.h>

#include <chrono>
#include <optional>

#include "common/cli/remote_options.h"
#include "common/os/file_source.h"
#include "common/os/lock.h"
#include "common/os/temporary_directory.h"
#include "common/process/process.h"
#include "common/process/sibling_program.h"
#include "common/wal/wal_archive.h"
#include "monitor/check/archiver_wait.h"

namespace pitr {
namespace {

namespace fs = std::filesystem;

// An idle server switches nothing: the restore point is something to switch behind.
WalName switch_wal(Server& server) {
  server.value("SELECT pg_create_restore_point('pitr-check')");
  const std::string text = server.value("SELECT pg_walfile_name(pg_switch_wal())");
  const auto name = WalName::parse(text);
  if (!name) fail(Exit::failed, "pg_walfile_name: {} is no name of a segment", text);
  return *name;
}

void fetch(const Place& place, const WalName& wal, const RoundTrip& trip, const fs::path& target) {
  std::vector<std::string> words = {sibling_program("pitr-restore").native(), "--source=" + place_word(place),
                                    "--data-dir=" + trip.data_directory.native(), "--no-wait"};
  if (place.remote != nullptr && kind(place) != PlaceKind::directory) {
    for (const std::string& word : remote_words(*place.remote)) words.push_back(word);
  }
  words.insert(words.end(), {wal.text(), target.native()});
  const int status = run(words, trip.temporary_directory);
  if (status != 0)
    fail(Exit::failed, "pitr-restore answers {} instead of handing over {}", status, wal.text());
}

// Null: the server has recycled its file meanwhile, and nothing can be said.
std::optional<bool> same_as_in_pg_wal(const WalName& wal, const RoundTrip& trip, const fs::path& fetched) {
  const Fd directory = open_file(trip.data_directory / "pg_wal", O_RDONLY | O_DIRECTORY);
  Fd opened = open_if_there(directory, wal.text(), O_RDONLY | O_NOFOLLOW);
  if (!opened) return std::nullopt;
  FileSource original(std::move(opened));
  FileSource copy = open_regular(fetched);
  const bool same = same_bytes(original, copy);
  if (!is_name_of(directory, wal.text(), original.fd())) return std::nullopt;
  return same;
}

void check_again(const WalName& wal, const RoundTrip& trip, const fs::path& fetched) {
  FileSource source = open_regular(fetched);
  const auto check = check_wal({wal, trip.identity.system_identifier}, std::make_unique<NullSink>());
  copy(source, *check);
  check->finish();
}

void check_way_back(const Place& place, const WalName& wal, double seconds, const RoundTrip& trip,
                    SetupReport& report) {
  const TemporaryDirectory scratch(trip.temporary_directory, "pitr-check");
  const fs::path fetched = scratch.path() / wal.text();
  fetch(place, wal, trip, fetched);
  const auto same = same_as_in_pg_wal(wal, trip, fetched);
  const std::string arrived =
      fmt::format("{} arrived after {:.1f} s and came back through pitr-restore", wal.text(), seconds);
  if (same && !*same) {
    return report.failed(place.place, fmt::format("{}, but not as it is in pg_wal", arrived),
                         "the archive is damaged or another server writes into it: run pitr-verify");
  }
  if (!same) check_again(wal, trip, fetched);
  report.ok(place.place,
            arrived + (same ? ", byte for byte" : ", whole; the server has recycled its own already"));
}

}  // namespace

void check_round_trip(Server& server, const RoundTrip& trip, SetupReport& report) {
  const Archiver before = ask_archiver(server);
  const WalName wal = switch_wal(server);
  const std::vector<Arrival> arrivals =
      wait_for_arrival(server, before, wal, trip.destinations, std::chrono::seconds(trip.timeout));
  for (const Arrival& arrival : arrivals) {
    if (!arrival.seconds) continue;
    report.attempt(arrival.place.place, "run pitr-verify on it",
                   [&] { check_way_back(arrival.place, wal, *arrival.seconds, trip, report); });
  }
  report_missing(server, before, wal, arrivals, trip.data_directory, report);
}

}  // namespace pitr
