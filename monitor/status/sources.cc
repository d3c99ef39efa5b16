#include "monitor/status/sources.h"

#include "common/store/place.h"

namespace pitr {

template <typename T>
T& Sources::Lazy<T>::get(const std::function<std::unique_ptr<T>()>& open) {
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

Server& Sources::server() {
  return server_.get([&] { return std::make_unique<Server>(places_.server, "pitr-monitor"); });
}

bool Sources::in_recovery() { return server().value("SELECT pg_is_in_recovery()") == "t"; }

Store& Sources::backups() {
  return backups_.get([&] {
    if (places_.backup_directory.empty()) fail(Exit::usage, "no directory with backups (give --backup-dir)");
    return open_store(places_.backup_directory, {});
  });
}

const Catalog& Sources::catalog() {
  return catalog_.get([&] { return std::make_unique<Catalog>(read_catalog(backups())); });
}

}  // namespace pitr
