#include "monitor/status/places.h"

#include "common/store/place.h"
#include "common/wal/marker.h"
#include "common/wal/wal_archive.h"

namespace pitr {

namespace {

std::unique_ptr<Archived> list(const std::vector<Place>& places) {
  if (places.empty()) fail(Exit::usage, "no archive (give --archive)");
  auto archived = std::make_unique<Archived>();
  for (const Place& place : places) {
    auto store = open_store(place, {});
    ArchiveListing listing = list_archive(*store);
    for (const ArchiveListing::Fault& fault : listing.faults) {
      if (fault.kind == ArchiveListing::Fault::Kind::unknown)
        fail(Exit::failed, "{}: {}", fault.path, fault.reason);
    }
    if (!archived->listings.empty() && !(listing.identity == archived->listings.front().identity))
      fail(Exit::usage, "several clusters: {} and {}: give the archives of one",
           archived->listings.front().place, listing.place);
    archived->ranges.insert(archived->ranges.end(), listing.ranges.begin(), listing.ranges.end());
    archived->histories.insert(listing.histories.begin(), listing.histories.end());
    archived->stores.push_back(std::move(store));
    archived->listings.push_back(std::move(listing));
  }
  archived->ranges = united(std::move(archived->ranges));
  return archived;
}

}  // namespace

template <typename T>
T& Places::Lazy<T>::get(const std::function<std::unique_ptr<T>()>& open) {
  if (error) throw Error(*error);
  if (value) return *value;
  try {
    value = open();
  } catch (const Error& failure) {
    error = failure;
    throw;
  }
  return *value;
}

Server& Places::server() {
  return server_.get([&] { return std::make_unique<Server>(given_.server, "pitr-monitor"); });
}

bool Places::in_recovery() { return server().value("SELECT pg_is_in_recovery()") == "t"; }

Store& Places::backups() {
  return backups_.get([&] {
    if (given_.backup_directory.empty()) fail(Exit::usage, "no directory with backups (give --backup-dir)");
    return open_store({.compression = {}, .place = given_.backup_directory, .remote = &given_.remote}, {});
  });
}

const Catalog& Places::catalog() {
  return catalog_.get([&] { return std::make_unique<Catalog>(read_catalog(backups())); });
}

const Archived& Places::archives() {
  return archives_.get([&] { return list(given_.archives); });
}

std::uint64_t Places::cluster() {
  for (const Place& place : given_.archives) {
    const auto archive = open_store(place, {});
    if (const auto identity = read_marker(*archive)) return identity->system_identifier;
    if (const auto header = any_segment_header(*archive)) return header->system_identifier;
  }
  return std::stoull(server().value("SELECT system_identifier FROM pg_control_system()"));
}

}  // namespace pitr
