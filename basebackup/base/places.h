#pragma once

#include <optional>
#include <string>
#include <vector>

#include "basebackup/base/set_delivery.h"
#include "common/store/place.h"

namespace pitr {

// Where a set is wanted, by the option that says so.
struct WantedPlaces {
  std::vector<Place> local;       // --dst-local: directories of this host
  std::vector<Place> direct;      // --dst-direct: streamed to another host
  std::vector<Place> remote;      // --dst-remote: delivered to another host when the set is complete
  std::vector<Place> pipes = {};  // --dst-pipe: streamed to a program
  std::vector<Place> all() const;
};

// Throws usage for no place at all, for one of the wrong kind, for one that is given twice and for one in the
// data directory.
void check_places(const WantedPlaces& wanted, const std::string& data_directory);

// Which places are written while the backup runs, and which get the set afterwards.
struct ArrangedPlaces {
  std::vector<Place> written;
  DeliveryOptions delivery;
  std::optional<PassingCopies> passing;
};
// What --dst-remote names is delivered from the --dst-local of the same codec. Without one it is streamed to,
// or, where only whole files can go, delivered from a copy in `temporary_directory` that is removed in the
// end.
void arrange_places(const WantedPlaces& wanted, const std::filesystem::path& temporary_directory,
                    ArrangedPlaces& arranged);

}  // namespace pitr
