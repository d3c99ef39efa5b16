#include "common/set/state.h"

namespace pitr {

std::string damage_of(Store& store, const BackupSet& set) {
  if (!set.data) return "its data file is missing";
  // OmniPITR's meta file does not tell, and the length of the WAL to come is not known.
  if (set.meta.format == 0 || set.meta.state == SetState::waiting) return {};
  std::uint64_t found = 0;
  for (const auto* part : {&set.data, &set.xlog}) {
    if (!*part) continue;
    const auto size = store.size(**part);
    if (!size) return {};
    found += *size;
  }
  if (found == set.meta.stored_bytes) return {};
  return fmt::format("its files hold {} bytes of {}{}", found, set.meta.stored_bytes,
                     set.xlog ? "" : ", and there is no xlog file");
}

}  // namespace pitr
