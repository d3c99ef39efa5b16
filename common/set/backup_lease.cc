#include "common/set/backup_lease.h"

#include "common/base/time_text.h"
#include "common/base/values.h"
#include "common/codec/crc32c.h"

namespace pitr {
namespace {

Name name_of(const std::string& set, const Lease& lease) {
  const std::string text = fmt::format("{}.{}-{:08x}{}", set, lease.hostname,
                                       crc32c(0, as_bytes(lease.data_directory)), lease_suffix);
  const auto name = Name::parse(text);
  if (!name) fail(Exit::failed, "{} is no name for a stored file", text);
  return *name;
}

}  // namespace

void write_lease(Store& store, const std::string& set, const Lease& lease) {
  remove_lease(store, set, lease);
  const auto file = store.create(name_of(set, lease));
  file->write(as_bytes(fmt::format("Expires: {}\nHostname: {}\nData-Directory: {}\n", utc_text(lease.expires),
                                   lease.hostname, lease.data_directory)));
  file->finish();
}

void remove_lease(Store& store, const std::string& set, const Lease& holder) {
  store.remove(name_of(set, holder));
}

std::vector<Name> lease_files(Store& store, std::string_view set) {
  const std::string prefix = set.empty() ? "" : std::string(set) + ".";
  std::vector<Name> files;
  store.list("", [&](const Name& name) {
    // "NAME.lease" is what earlier versions wrote.
    const std::string& full = name.text();
    if (full.ends_with(lease_suffix) && full.starts_with(prefix)) files.push_back(name);
    return true;
  });
  return files;
}

std::optional<Lease> read_lease(Store& store, const Name& file) {
  const auto source = store.open(file);
  if (!source) return std::nullopt;
  return in_context("read " + store.describe(file), [&] {
    auto values = read_values(*source);
    const auto expires = parse_utc(values["Expires"]);
    if (!expires) fail(Exit::damaged, "it does not say when it expires");
    return Lease{*expires, values["Hostname"], values["Data-Directory"]};
  });
}

std::optional<Lease> last_lease(Store& store, std::string_view set) {
  std::optional<Lease> last;
  for (const Name& file : lease_files(store, set)) {
    const auto lease = read_lease(store, file);
    if (lease && (!last || lease->expires > last->expires)) last = lease;
  }
  return last;
}

}  // namespace pitr
