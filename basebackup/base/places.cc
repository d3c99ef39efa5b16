#include "basebackup/base/places.h"

#include <algorithm>
#include <set>

namespace pitr {
namespace {

void require_kind(const std::vector<Place>& places, std::string_view option, bool (*is_right)(PlaceKind),
                  std::string_view hint) {
  for (const Place& place : places) {
    if (!is_right(kind(place))) fail(Exit::usage, "--{} {}: {}", option, place.place, hint);
  }
}

bool has_codec(const std::vector<Place>& places, Codec codec) {
  return std::ranges::any_of(places, [&](const Place& place) { return place.compression.codec == codec; });
}

}  // namespace

std::vector<Place> WantedPlaces::all() const {
  std::vector<Place> all = local;
  for (const auto* more : {&direct, &remote, &pipes}) all.insert(all.end(), more->begin(), more->end());
  return all;
}

void check_places(const WantedPlaces& wanted, const std::string& data_directory) {
  require_kind(
      wanted.local, "dst-local", [](PlaceKind kind) { return kind == PlaceKind::directory; },
      "it is on another host: give --dst-direct or --dst-remote");
  require_kind(
      wanted.direct, "dst-direct", [](PlaceKind kind) { return kind == PlaceKind::ssh; },
      "no [USER@]HOST:/PATH to stream to (rsync:// takes whole files: give --dst-remote; a directory: "
      "--dst-local)");
  require_kind(
      wanted.remote, "dst-remote", [](PlaceKind kind) { return kind != PlaceKind::directory; },
      "neither [USER@]HOST:/PATH nor rsync://HOST/MODULE/PATH (a directory: --dst-local)");
  std::set<std::string> known;
  for (const Place& place : wanted.all()) {
    // "/backup/base/" and "/backup/base" are one place.
    if (!known.insert((std::filesystem::path(place.place) / "").lexically_normal().native()).second) {
      fail(Exit::usage, "{}: given twice; one directory takes one codec", place.place);
    }
  }
  if (known.empty())
    fail(Exit::usage, "no destination: give --dst-local, --dst-direct, --dst-remote or --dst-pipe");
  for (const Place& place : wanted.local) {
    if (!data_directory.empty() && lies_within(place.place, data_directory)) {
      fail(Exit::usage, "--dst-local {}: it lies in the data directory and would be part of the backup",
           place.place);
    }
  }
}

void arrange_places(const WantedPlaces& wanted, const std::filesystem::path& temporary_directory,
                    ArrangedPlaces& arranged) {
  arranged.written = wanted.local;
  for (const auto* streams : {&wanted.direct, &wanted.pipes}) {
    arranged.written.insert(arranged.written.end(), streams->begin(), streams->end());
  }
  std::vector<Place> copies = wanted.local;
  for (const Place& place : wanted.remote) {
    const bool is_copied = has_codec(copies, place.compression.codec);
    if (!is_copied && kind(place) == PlaceKind::ssh) {
      arranged.written.push_back(place);
      continue;
    }
    arranged.delivery.places.push_back(place);
    if (is_copied) continue;
    if (!arranged.passing) arranged.passing.emplace(temporary_directory);
    copies.push_back(arranged.passing->add(place.compression));
    arranged.written.push_back(copies.back());
  }
  if (arranged.passing) arranged.delivery.passing = arranged.passing->path();
}

}  // namespace pitr
