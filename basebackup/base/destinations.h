#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "common/cli/log.h"
#include "common/os/signals.h"
#include "common/store/place.h"
#include "common/store/store.h"

namespace pitr {

// A place that the set goes to.
struct Destination {
  Place place;
  std::unique_ptr<Store> store;
  bool failed = false;
  bool complete = false;  // the set is published here, meta included
};

// All destinations of a set. One that fails drops out and is reported; the last one's failure is everybody's.
class Destinations {
 public:
  explicit Destinations(Log& log) : log_(log) {}

  Destination& add(const Place& place, std::unique_ptr<Store> store) {
    return *all_.emplace_back(std::make_unique<Destination>(Destination{place, std::move(store)}));
  }
  // A destination that could not even be opened.
  void note_failure(const std::string& message) {
    any_failed_ = true;
    log_.error("{}; this destination drops out", message);
  }
  template <typename F>
  void attempt(Destination& destination, F step) {
    if (destination.failed) return;
    try {
      step();
    } catch (const Error& error) {
      throw_if_signalled();
      destination.failed = true;
      if (!any_left()) throw;
      note_failure(error.what());
    }
  }
  bool any_left() const {
    return std::ranges::any_of(all_, [](const auto& each) { return !each->failed; });
  }
  bool any_failed() const { return any_failed_; }
  std::vector<Place> complete_places() const {
    std::vector<Place> places;
    for (const auto& each : all_) {
      if (each->complete) places.push_back(each->place);
    }
    return places;
  }

 private:
  Log& log_;
  std::vector<std::unique_ptr<Destination>> all_;
  bool any_failed_ = false;
};

// One file at all destinations of a branch. Written through, but not finished: that publishes it.
class PendingFile {
 public:
  PendingFile(Destinations& destinations, const std::vector<Destination*>& places, const Name& name)
      : destinations_(destinations), name_(name) {
    for (Destination* place : places) {
      destinations_.attempt(*place, [&] { copies_.push_back({place, place->store->create(name), false}); });
    }
  }
  void write(Bytes bytes) {
    for (Copy& copy : copies_) {
      destinations_.attempt(*copy.place, [&] { copy.file->write(bytes); });
    }
  }
  void publish() {
    for (Copy& copy : copies_) {
      destinations_.attempt(*copy.place, [&] {
        copy.file->finish();
        copy.published = true;
      });
    }
  }
  // Takes back what was published at a place where the set did not become complete; as well as it can.
  void retract() noexcept {
    for (Copy& copy : copies_) {
      if (!copy.published || copy.place->complete) continue;
      try {
        copy.place->store->remove(name_);
      } catch (const Error&) {
        // The error that led here is the one to tell.
      }
    }
  }
  const Name& name() const { return name_; }

 private:
  struct Copy {
    Destination* place;
    std::unique_ptr<Sink> file;
    bool published;
  };
  Destinations& destinations_;
  Name name_;
  std::vector<Copy> copies_;
};

}  // namespace pitr
