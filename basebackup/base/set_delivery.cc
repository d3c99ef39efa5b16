#include "basebackup/base/set_delivery.h"

#include <algorithm>

#include "basebackup/base/set_remains.h"
#include "common/os/signals.h"

namespace pitr {
namespace {

constexpr int most_attempts = 3;

void copy_file(Store& from, Store& to, const Name& name, bool may_be_missing) {
  const auto source = from.open(name);
  if (!source && may_be_missing) return;
  if (!source) fail(Exit::failed, "{} is not there any more", from.describe(name));
  try {
    const auto sink = to.create(name);
    copy(*source, *sink);
    sink->finish();
  } catch (const AtomicFile::Conflict&) {
    // An attempt whose last answer was lost has published it.
    const auto again = from.open(name), there = to.open(name);
    if (!again || !there || !same_bytes(*again, *there)) throw;
    to.sync(name);
  }
}

}  // namespace

// One place, and what it has got of the set.
class Deliveries::Recipient {
 public:
  Recipient(const Place& place, const SetNames& names, const std::vector<std::string>& digests,
            Openness openness)
      : place_(place),
        openness_(openness),
        names_(names),
        parts_(names.parts(place.compression.codec, digests)) {}

  const Place& place() const { return place_; }
  bool is_complete() const { return is_complete_; }
  void set_last(SetPart last) { last_ = last; }
  void set_copy(const Place* copy) { copy_ = copy; }

  // The place can be reached.
  std::unique_ptr<Store> open() const { return open_store(place_, openness_); }
  void require_free_names(Store& store, Log& log) {
    if (has_free_names_) return;
    pitr::require_free_names(store, {file(SetPart::meta), file(SetPart::waiting)}, parts_, log);
    has_free_names_ = true;
  }

  void attempt(Log& log) {
    if (copy_ == nullptr) fail(Exit::failed, "no directory of this host has got the set");
    const auto from = open_store(*copy_, {});
    const auto to = open();
    require_free_names(*to, log);
    for (; delivered_ < parts_.size(); ++delivered_) {
      copy_file(*from, *to, parts_[delivered_].name, parts_[delivered_].may_be_missing);
    }
    // Last: its presence is what makes the files a backup.
    copy_file(*from, *to, file(last_), false);
    is_complete_ = true;
  }

  // Takes back what it has got of a set that it will not have; as well as it can.
  void retract() noexcept {
    if (delivered_ == 0) return;
    try {
      const auto store = open();
      for (std::size_t i = 0; i < delivered_; ++i) store->remove(parts_[i].name);
    } catch (const std::exception&) {
      // The error that led here is the one to tell; the next backup of this name removes it.
    }
  }

 private:
  Name file(SetPart part) const { return names_.file(part, place_.compression.codec); }

  Place place_;
  Openness openness_;
  SetNames names_;
  std::vector<SetNames::Part> parts_;
  SetPart last_ = SetPart::meta;
  const Place* copy_ = nullptr;
  bool has_free_names_ = false, is_complete_ = false;
  std::size_t delivered_ = 0;
};

Deliveries::Deliveries(const DeliveryOptions& options, const SetNames& names,
                       const std::vector<std::string>& digests, Openness openness, Log& log)
    : options_(options), log_(log) {
  for (const Place& place : options.places) {
    Recipient& recipient = recipients_.emplace_back(place, names, digests, openness);
    std::unique_ptr<Store> store;
    try {
      store = recipient.open();
    } catch (const Error& error) {
      if (error.code() == Exit::usage) throw;
      log.error("{}; it is tried again when the set is complete", error.what());
      continue;
    }
    recipient.require_free_names(*store, log);
  }
}

Deliveries::~Deliveries() = default;

bool Deliveries::is_passing(const Place& place) const {
  return !options_.passing.empty() && std::filesystem::path(place.place).parent_path() == options_.passing;
}

const Place* Deliveries::copy_for(const Place& place, const std::vector<Place>& complete) const {
  const auto found = std::ranges::find_if(complete, [&](const Place& candidate) {
    return kind(candidate) == PlaceKind::directory && candidate.compression.codec == place.compression.codec;
  });
  return found == complete.end() ? nullptr : &*found;
}

void Deliveries::attempt(Recipient& recipient, bool is_last) {
  try {
    recipient.attempt(log_);
    log_.note("The set is complete in {}.", recipient.place().place);
  } catch (const Error& error) {
    log_.error(
        "deliver to {}: {}; {}", recipient.place().place, error.what(),
        is_last ? "it lacks the set" : fmt::format("the next attempt is in {} s", options_.pause.count()));
  }
}

bool Deliveries::run(SetPart last, const std::vector<Place>& complete) {
  for (Recipient& recipient : recipients_) {
    recipient.set_last(last);
    recipient.set_copy(copy_for(recipient.place(), complete));
  }
  const auto all_complete = [&] { return std::ranges::all_of(recipients_, &Recipient::is_complete); };
  try {
    for (int i = 1; i <= most_attempts && !all_complete(); ++i) {
      if (i > 1) pause_for(static_cast<double>(options_.pause.count()));
      for (Recipient& recipient : recipients_) {
        if (!recipient.is_complete()) attempt(recipient, i == most_attempts);
      }
    }
  } catch (const Interrupted& interruption) {
    // It ends the attempts, and not what is complete elsewhere.
    log_.error("{}; not every place has the set", interruption.what());
  }
  for (Recipient& recipient : recipients_) {
    if (!recipient.is_complete()) recipient.retract();
  }
  const bool is_anywhere =
      std::ranges::any_of(recipients_, &Recipient::is_complete) ||
      std::ranges::any_of(complete, [&](const Place& place) { return !is_passing(place); });
  if (!is_anywhere) fail(Exit::failed, "no destination has got the set");
  return all_complete();
}

Place PassingCopies::add(Compression compression) {
  const std::filesystem::path path = directory_.path() / name(compression.codec);
  create_directories(path, 0700);
  return {.has_codec = true, .compression = compression, .place = path, .remote = nullptr};
}

}  // namespace pitr
