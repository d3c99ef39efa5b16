#include "common/wal/oldest_wal.h"

#include <algorithm>

#include "common/os/signals.h"

namespace pitr {
namespace {

bool is_segment_or_partial(const StoredName& stored) {
  return stored.wal.kind() == WalKind::segment || stored.wal.kind() == WalKind::partial;
}

bool older(const StoredName& one, const StoredName& other) {
  const auto left = position_digits(one.wal);
  const auto right = position_digits(other.wal);
  return left != right ? left < right : one.name() < other.name();
}

}  // namespace

std::string_view position_digits(const WalName& segment) {
  return std::string_view(segment.text()).substr(8, 16);
}

namespace {

// Those behind `done` only; null: all.
std::vector<StoredName> oldest_behind(Store& store, const StoredName* done, std::string_view oldest_kept,
                                      std::size_t most) {
  if (most == 0) return {};
  std::vector<StoredName> oldest;  // a heap, the newest of them at its front
  store.list("", [&](const Name& name) {
    auto found = stored_name(name);
    if (!found || !is_segment_or_partial(*found) || position_digits(found->wal) >= oldest_kept) return true;
    if (done != nullptr && !older(*done, *found)) return true;
    if (oldest.size() == most) {
      if (!older(*found, oldest.front())) return true;
      std::ranges::pop_heap(oldest, older);
      oldest.pop_back();
    }
    oldest.push_back(std::move(*found));
    std::ranges::push_heap(oldest, older);
    return true;
  });
  std::ranges::sort_heap(oldest, older);
  return oldest;
}

}  // namespace

std::vector<StoredName> oldest_wal_before(Store& store, std::string_view oldest_kept, std::size_t most) {
  return oldest_behind(store, nullptr, oldest_kept, most);
}

void for_each_wal_before(Store& store, std::string_view oldest_kept,
                         const std::function<void(const StoredName&)>& each) {
  constexpr std::size_t at_a_time = 4096;
  std::vector<StoredName> old = oldest_behind(store, nullptr, oldest_kept, at_a_time);
  while (!old.empty()) {
    for (const StoredName& file : old) {
      throw_if_signalled();
      each(file);
    }
    const StoredName last = old.back();
    old = oldest_behind(store, &last, oldest_kept, at_a_time);
  }
}

}  // namespace pitr
