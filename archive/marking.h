#pragma once

#include <filesystem>
#include <optional>

#include "common/cli/log.h"
#include "common/wal/marker.h"

namespace pitr {

// Throws unless `store` carries the marker of the cluster `identity` (null: of any cluster). An empty place
// that `state_directory` does not remember as marked is marked here; without a state directory, or when the
// place was marked before and is empty now (its disk is not mounted), an unmarked one is refused.
void require_marker(Store& store, const std::optional<ClusterIdentity>& identity,
                    const std::filesystem::path& state_directory, Openness openness, Log& log);

// pitr-archive --init: marks an existing place, whatever lies in it, for the cluster. Throws when it carries
// another cluster's marker, or holds another cluster's WAL.
void mark(Store& store, const ClusterIdentity& identity, const std::filesystem::path& state_directory,
          Openness openness, Log& log);

}  // namespace pitr
