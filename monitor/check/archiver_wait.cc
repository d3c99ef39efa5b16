#include "monitor/check/archiver_wait.h"

#include <algorithm>
#include <charconv>

#include "common/os/signals.h"
#include "common/store/place.h"
#include "common/wal/wal_archive.h"

namespace pitr {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr int tries_in_a_row = 3;  // NUM_ARCHIVE_RETRIES of PostgreSQL

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void look(Arrival& arrival, const WalName& wal, Clock::time_point start) {
  if (arrival.seconds) return;
  try {
    arrival.failure.clear();
    if (!arrival.store) arrival.store = open_store(arrival.place, {});
    if (!find_wal(*arrival.store, wal).empty()) arrival.seconds = seconds_since(start);
  } catch (const Error& error) {
    arrival.failure = error.what();
    arrival.store.reset();
  }
}

bool is_archived(Server& server, const Archiver& now, const WalName& wal) {
  // The order in which they are archived is that of their names.
  const auto last = WalName::parse(now.last_archived_wal);
  if (last && last->kind() != WalKind::history && last->text() >= wal.text()) return true;
  // pitr-archive looks ahead, and the server counts calls: what was archived ahead has its mark alone.
  return !server.query("SELECT 1 FROM pg_ls_archive_statusdir() WHERE name = $1", {wal.text() + ".done"})
              .empty();
}

bool is_over(Server& server, const Archiver& before, const WalName& wal, bool has_destinations) {
  const Archiver now = ask_archiver(server);
  if (now.failed_count >= before.failed_count + tries_in_a_row) return true;
  return !has_destinations && is_archived(server, now, wal);
}

// Segments that wait for the archiver; null: we may not look.
std::optional<std::size_t> queue_length(const fs::path& data_directory) {
  std::error_code code;
  std::size_t count = 0;
  for (fs::directory_iterator entry(data_directory / "pg_wal" / "archive_status", code), end;
       !code && entry != end; entry.increment(code)) {
    if (entry->path().extension() == ".ready") ++count;
  }
  return code ? std::nullopt : std::optional(count);
}

// What the server says about the segment, and what to do.
struct Reason {
  std::string text, advice;
};
Reason reason_of(Server& server, const Archiver& before, const WalName& wal, const fs::path& data_directory) {
  const Archiver now = ask_archiver(server);
  if (now.failed_count > before.failed_count) {
    return {fmt::format("archive_command has failed {} times meanwhile, the last time on {}",
                        now.failed_count - before.failed_count, now.last_failed_wal),
            "read its message in the server's log"};
  }
  if (is_archived(server, now, wal)) {
    return {"archive_command says that it is archived, and stores nothing here",
            "is this place in archive_command? correct one of the two"};
  }
  const auto waiting = queue_length(data_directory);
  return {
      waiting ? fmt::format("the archiver has a queue of {}", *waiting) : "the archiver has not come to it",
      "give a longer --timeout; a command that is killed or answers over 125 is only in the server's log"};
}

}  // namespace

Archiver ask_archiver(Server& server) {
  const auto rows =
      server.query("SELECT failed_count, last_failed_wal, last_archived_wal FROM pg_stat_archiver");
  const Server::Row& row = rows.at(0);
  Archiver archiver{0, row.at(1).value_or(""), row.at(2).value_or("")};
  const std::string count = row.at(0).value_or("0");
  std::from_chars(count.data(), count.data() + count.size(), archiver.failed_count);
  return archiver;
}

std::vector<Arrival> wait_for_arrival(Server& server, const Archiver& before, const WalName& wal,
                                      const std::vector<Place>& destinations, std::chrono::seconds patience) {
  std::vector<Arrival> arrivals;
  for (const Place& place : destinations) arrivals.push_back({.place = place, .seconds = {}});
  const auto start = Clock::now();
  for (;;) {
    for (Arrival& arrival : arrivals) look(arrival, wal, start);
    const bool all =
        std::ranges::all_of(arrivals, [](const Arrival& arrival) { return arrival.seconds.has_value(); });
    if ((all && !arrivals.empty()) || Clock::now() - start >= patience) return arrivals;
    if (is_over(server, before, wal, !arrivals.empty())) return arrivals;
    constexpr double nap = 0.1;
    pause_for(nap);
  }
}

void report_missing(Server& server, const Archiver& before, const WalName& wal,
                    const std::vector<Arrival>& arrivals, const fs::path& data_directory,
                    SetupReport& report) {
  const Reason reason = reason_of(server, before, wal, data_directory);
  for (const Arrival& arrival : arrivals) {
    if (arrival.seconds) continue;
    const std::string failure = arrival.failure.empty() ? "" : "; " + arrival.failure;
    report.failed(arrival.place.place,
                  fmt::format("{} has not arrived: {}{}", wal.text(), reason.text, failure), reason.advice);
  }
  if (!arrivals.empty()) return;
  if (is_archived(server, ask_archiver(server), wal)) {
    report.warning("archiving",
                   fmt::format("the server says that {} is archived; it is not known where", wal.text()),
                   "name the directories with --dst-local to have them looked at");
  } else {
    report.failed("archiving", fmt::format("{} is not archived: {}", wal.text(), reason.text), reason.advice);
  }
}

}  // namespace pitr
