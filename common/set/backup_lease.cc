#include "common/set/backup_lease.h"

#include <algorithm>

#include "common/base/time_text.h"
#include "common/base/values.h"

namespace pitr {
namespace {

Name name_of(const std::string& set) {
  const auto name = Name::parse(set + std::string(lease_suffix));
  if (!name) fail(Exit::failed, "{}{} is no name for a stored file", set, lease_suffix);
  return *name;
}

}  // namespace

void write_lease(Store& store, const std::string& set, Lease lease) {
  const Name name = name_of(set);
  if (const auto other = read_lease(store, set)) {
    lease.expires = std::max(lease.expires, other->expires);
    store.remove(name);
  }
  const auto file = store.create(name);
  file->write(as_bytes(fmt::format("Expires: {}\nHostname: {}\nData-Directory: {}\n", utc_text(lease.expires),
                                   lease.hostname, lease.data_directory)));
  file->finish();
}

std::optional<Lease> read_lease(Store& store, const std::string& set) {
  const Name name = name_of(set);
  const auto source = store.open(name);
  if (!source) return std::nullopt;
  return in_context("read " + store.describe(name), [&] {
    auto values = read_values(*source);
    const auto expires = parse_utc(values["Expires"]);
    if (!expires) fail(Exit::damaged, "it does not say when it expires");
    return Lease{*expires, values["Hostname"], values["Data-Directory"]};
  });
}

void remove_lease(Store& store, const std::string& set) { store.remove(name_of(set)); }

}  // namespace pitr
