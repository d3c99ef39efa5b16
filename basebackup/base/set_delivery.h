#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "common/cli/log.h"
#include "common/os/temporary_directory.h"
#include "common/set/backup_set.h"
#include "common/store/place.h"

namespace pitr {

struct DeliveryOptions {
  std::vector<Place> places;        // each with the codec of a directory that gets the set
  std::chrono::seconds pause{300};  // between two attempts
  std::filesystem::path passing;    // directories in it hold the set only until it is delivered; "" for none
};

// Takes a finished set to places on other hosts, from directories of this one: file by file, and last what
// makes it a backup. Each place gets three attempts; between them goes one pause for all, so that none waits
// for another.
class Deliveries {
 public:
  // Throws when one of the places holds a set of these names. One that cannot be reached now is logged.
  Deliveries(const DeliveryOptions& options, const SetNames& names, const std::vector<std::string>& digests,
             Openness openness, Log& log);
  ~Deliveries();

  // `last`: meta or waiting. `complete`: where the set is by now. False: a place lacks it. Throws when nobody
  // will have it.
  bool run(SetPart last, const std::vector<Place>& complete);

 private:
  class Recipient;
  void attempt(Recipient& recipient, bool is_last);
  const Place* copy_for(const Place& place, const std::vector<Place>& complete) const;
  bool is_passing(const Place& place) const;

  const DeliveryOptions& options_;
  Log& log_;
  std::vector<Recipient> recipients_;
};

// Directories for what must be a file before it can go anywhere, gone with the object.
class PassingCopies {
 public:
  explicit PassingCopies(const std::filesystem::path& parent) : directory_(parent, "pitr-base") {}

  const std::filesystem::path& path() const { return directory_.path(); }
  Place add(Compression compression);  // a new directory

 private:
  TemporaryDirectory directory_;
};

}  // namespace pitr
