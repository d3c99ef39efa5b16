#include "archive/destinations.h"

#include <algorithm>

#include "archive/histories.h"
#include "archive/marking.h"

namespace pitr {

Destinations::Destinations(const ArchivedCluster& cluster, const ArchiveTargets& targets, Log& log)
    : cluster_(cluster), targets_(targets), log_(log) {
  for (const Place& place : targets.destinations) {
    opened_.push_back(std::make_unique<Opened>());
    opened_.back()->place = place.place;
  }
}

std::shared_ptr<Store> Destinations::open(const Place& place) {
  Opened& opened = **std::ranges::find(opened_, place.place, [](const auto& each) { return each->place; });
  const std::lock_guard lock(opened.mutex);
  if (!opened.store) {
    std::shared_ptr<Store> store = open_store(place, cluster_.openness);
    // A program tells nothing of what it has.
    if (kind(place) != PlaceKind::pipe) {
      require_marker(*store, cluster_.identity, targets_.state_directory, cluster_.openness, log_,
                     [&] { store_histories(store, place, cluster_.wal_directory); });
    }
    if (const std::string caveat = store->caveat(); !caveat.empty()) log_.detail("{}", caveat);
    opened.store = std::move(store);
  }
  return opened.store;
}

}  // namespace pitr
