#include "basebackup/base/set_remains.h"

namespace pitr {
namespace {

[[noreturn]] void refuse_existing(const Store& store, const Name& name) {
  fail(Exit::failed, "{} exists: a backup of this name is there (for several a day: -f with ^H^M^S in it)",
       store.describe(name));
}

}  // namespace

void require_free_names(Store& store, const std::vector<Name>& whole,
                        const std::vector<SetNames::Part>& parts, Log& log) {
  for (const Name& name : whole) {
    if (store.open(name)) refuse_existing(store, name);
  }
  for (const auto& [name, may_be_missing] : parts) {
    if (!store.open(name)) continue;
    if (store.has_living_writer(name)) refuse_existing(store, name);
    store.remove(name);
    log.note("{}: removed, a run that was killed had left it without a meta file", store.describe(name));
  }
  for (const Name& name : whole) {
    if (store.open(removing_file(name))) store.remove(removing_file(name));
  }
}

}  // namespace pitr
