#include "monitor/status/places.h"

#include "common/store/place.h"
#include "common/wal/marker.h"
#include "common/wal/wal_archive.h"

namespace pitr {

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
    return open_store(given_.backup_directory, {});
  });
}

const Catalog& Places::catalog() {
  return catalog_.get([&] { return std::make_unique<Catalog>(read_catalog(backups())); });
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
