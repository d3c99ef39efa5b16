#include "common/wal/old_wal.h"

#include <algorithm>
#include <optional>

#include "common/os/signals.h"

namespace pitr {
namespace {

std::optional<OldWal> segment_or_partial(const Name& name) {
  for (const Codec codec : all_codecs()) {
    std::string_view text = name.text();
    if (!text.ends_with(suffix(codec))) continue;
    text.remove_suffix(suffix(codec).size());
    const auto wal = WalName::parse(text);
    if (wal && (wal->kind() == WalKind::segment || wal->kind() == WalKind::partial))
      return OldWal{name, *wal, codec};
  }
  return std::nullopt;
}

bool older(const OldWal& one, const OldWal& other) {
  const auto left = position_digits(one.wal);
  const auto right = position_digits(other.wal);
  return left != right ? left < right : one.name < other.name;
}

}  // namespace

std::string_view position_digits(const WalName& segment) {
  return std::string_view(segment.text()).substr(8, 16);
}

namespace {

// Those behind `done` only; null: all.
std::vector<OldWal> oldest_behind(Store& store, const OldWal* done, std::string_view oldest_kept,
                                  std::size_t most) {
  if (most == 0) return {};
  std::vector<OldWal> oldest;  // a heap, the newest of them at its front
  store.list("", [&](const Name& name) {
    auto found = segment_or_partial(name);
    if (!found || position_digits(found->wal) >= oldest_kept) return true;
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

std::vector<OldWal> oldest_wal_before(Store& store, std::string_view oldest_kept, std::size_t most) {
  return oldest_behind(store, nullptr, oldest_kept, most);
}

void for_each_wal_before(Store& store, std::string_view oldest_kept,
                         const std::function<void(const OldWal&)>& each) {
  constexpr std::size_t at_a_time = 4096;
  std::vector<OldWal> old = oldest_behind(store, nullptr, oldest_kept, at_a_time);
  while (!old.empty()) {
    for (const OldWal& file : old) {
      throw_if_signalled();
      each(file);
    }
    const OldWal last = old.back();
    old = oldest_behind(store, &last, oldest_kept, at_a_time);
  }
}

}  // namespace pitr
