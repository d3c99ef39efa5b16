#include "monitor/check/destination.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "common/process/process.h"
#include "common/store/place.h"
#include "common/wal/marker.h"
#include "monitor/check/directory.h"

namespace pitr {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t mebibyte = 1024 * 1024;

// Nobody can end a read from a dead NFS server: the first look is a process of its own that can be left
// behind.
void require_answer(const Place& place) {
  using Clock = std::chrono::steady_clock;
  constexpr auto patience = std::chrono::seconds(10);
  const auto deadline = Clock::now() + patience;
  const auto look = [&] {
    open_store(place, {});
    return 0;
  };
  if (!run_apart(look, [&] { return Clock::now() > deadline; })) {
    fail(Exit::failed, "does not answer within {} s", patience.count());
  }
}

void check_marker(const Place& destination, const ArchivedServer& server, SetupReport& report) {
  const std::string& place = destination.place;
  const std::string init = fmt::format("if it is the right directory: pitr-archive --init -D {} -{} {}",
                                       server.data_directory.native(),
                                       kind(destination) == PlaceKind::directory ? "dl" : "dr", place);
  const auto store = open_store(destination, {});
  if (const auto marker = read_marker(*store)) {
    if (!server.identity)
      return report.ok(place, fmt::format("marked for cluster {}", marker->system_identifier));
    if (*marker == *server.identity) return report.ok(place, "marked for this cluster");
    const std::string text = fmt::format("is the archive of cluster {}, this one is {}",
                                         marker->system_identifier, server.identity->system_identifier);
    return report.failed(place, text, "every cluster needs a directory of its own, also after pg_upgrade");
  }
  if (server.identity) require_same_cluster(*store, *server.identity);
  if (server.marks_places && is_empty_place(*store)) {
    report.warning(place, "is empty and not marked; --state-dir marks it with the first segment",
                   "if WAL was archived here before: is its disk mounted?");
  } else if (server.marks_places && server.identity && any_segment_header(*store)) {
    report.warning(place,
                   "holds WAL of this cluster and is not marked; --state-dir marks it with the next segment",
                   init);
  } else if (server.needs_marker) {
    report.failed(place, fmt::format("has no marker {}: pitr-archive stores nothing here", marker_name),
                  init);
  } else {
    report.warning(
        place, fmt::format("has no marker {}: an unmounted disk looks like an empty archive", marker_name),
        init);
  }
}

void check_openness(const std::string& place, SetupReport& report) {
  const mode_t mode = file_status(open_file(place, O_PATH)).st_mode;
  if ((mode & S_IWOTH) == 0) return;
  report.failed(place, "everybody may write to it, and so remove WAL and put other WAL in its place",
                "chmod o-w " + place);
}

void check_writing(const std::string& place, SetupReport& report) {
  const std::string user = user_name(::geteuid());
  report.attempt(place, fmt::format("{} must be able to create files in it", user), [&] {
    switch (try_publishing(place)) {
      case Publishing::link:
        return report.ok(place, fmt::format("{} may write; files get their names by link()", user));
      case Publishing::rename_without_replacing:
        return report.ok(place,
                         fmt::format("{} may write; no links here, files get their names by a rename that "
                                     "replaces nothing",
                                     user));
      case Publishing::rename_under_lock:
        return report.warning(
            place,
            "has neither links nor a rename that replaces nothing: a lock keeps archivers of "
            "this host apart, not those of others",
            "let no second host archive into it");
    }
  });
}

void check_space(const std::string& place, const ArchivedServer& server, SetupReport& report) {
  struct statvfs space {};
  if (::statvfs(place.c_str(), &space) != 0) fail(Exit::failed, "stat {}: {}", place, errno_text(errno));
  const std::uint64_t left = std::uint64_t{space.f_bavail} * space.f_frsize;
  const std::uint64_t all = std::max<std::uint64_t>(std::uint64_t{space.f_blocks} * space.f_frsize, 1);
  constexpr std::uint64_t default_segment = 16 * mebibyte;
  const std::uint64_t segment = server.identity ? server.identity->segment_size.bytes() : default_segment;
  constexpr std::uint64_t too_few_segments = 4, scarce_percent = 5;
  const std::string text = fmt::format("{} MiB ({} %) left", left / mebibyte, left * 100 / all);
  const std::string advice = "make room: pitr-expire removes WAL that no backup needs";
  if (left < too_few_segments * segment) {
    report.failed(place, text, advice);
  } else if (space.f_files > 0 && space.f_favail == 0) {
    report.failed(place, "no inodes left", advice);
  } else if (left * 100 / all < scarce_percent || left < server.max_wal_size) {
    report.warning(place, text, advice);
  } else {
    report.ok(place, text);
  }
}

bool same_file_system(const fs::path& one, const fs::path& other) {
  return file_status(open_file(one, O_PATH)).st_dev == file_status(open_file(other, O_PATH)).st_dev;
}

}  // namespace

bool check_destination(const Place& destination, const ArchivedServer& server, SetupReport& report) {
  const std::string& place = destination.place;
  if (kind(destination) == PlaceKind::pipe) {
    report.warning(place, "is a program: whether it stores what it gets cannot be seen from here",
                   "fetch a segment from where it stores them, and compare it");
    return false;
  }
  const bool is_here = kind(destination) == PlaceKind::directory;
  if (is_here && !server.data_directory.empty() &&
      (lies_within(place, server.data_directory) || lies_within(place, server.data_directory / "pg_wal"))) {
    report.failed(place, "lies in the data directory", "archive to another place, on another disk");
    return false;
  }
  // The message of a missing directory tells what to do about it.
  const char* advice = is_here ? "create it if it is new, as a directory of the server's user"
                               : "is the host up, may this user log in there, is the directory there?";
  if (!report.attempt(place, advice, [&] { require_answer(destination); })) return false;
  report.attempt(place, "every cluster needs a directory of its own",
                 [&] { check_marker(destination, server, report); });
  if (!is_here) return true;
  report.attempt(place, "", [&] { check_openness(place, report); });
  check_writing(place, report);
  report.attempt(place, "", [&] { check_space(place, server, report); });
  return true;
}

void check_spool(const fs::path& data_directory, const std::string& spool, SetupReport& report) {
  if (spool.empty()) return;
  report.attempt("spool", "create it as a directory of the server's user", [&] {
    fs::path directory = data_directory / spool;
    if (!directory.has_filename()) directory = directory.parent_path();
    if (!fs::exists(directory)) directory = directory.parent_path();
    if (::access(directory.c_str(), W_OK | X_OK) != 0)
      fail(Exit::failed, "write to {}: {}", directory.native(), errno_text(errno));
    report.ok("spool", spool + ": can be written to");
  });
}

void check_places_apart(const std::vector<Place>& destinations, const fs::path& data_directory,
                        SetupReport& report) {
  if (destinations.empty() || data_directory.empty()) return;
  const bool all_beside = std::ranges::all_of(destinations, [&](const Place& destination) {
    return kind(destination) == PlaceKind::directory && same_file_system(destination.place, data_directory);
  });
  if (all_beside) {
    report.warning("destinations",
                   "are all in the file system of the data directory: one lost disk takes both",
                   "add a --dst-local on another disk, or a --dst-remote");
  } else {
    report.ok("destinations", "at least one is in another file system than the data directory");
  }
}

}  // namespace pitr
