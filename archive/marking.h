#pragma once

#include <filesystem>
#include <functional>
#include <optional>

#include "common/cli/log.h"
#include "common/wal/marker.h"

namespace pitr {

// `complete` brings into the place what else belongs there from the beginning. It is called behind the marker
// and before the place is remembered: what a dead run did not finish the next one does.

// Throws unless `store` carries the marker of the cluster `identity` (null: of any cluster). A place that
// `state_directory` does not remember as marked is marked here when it is empty, or when the first segment
// found in it is of the cluster. Without a state directory, or when the place was marked before (its disk is
// not mounted), an unmarked one is refused.
void require_marker(Store& store, const std::optional<ClusterIdentity>& identity,
                    const std::filesystem::path& state_directory, Openness openness, Log& log,
                    const std::function<void()>& complete);

// The spool carries such a marker, too: without it a disk that is not mounted would look as if nothing
// waited. Throws when `state_directory` remembers the marker and it is not there; else it is set when it is
// missing.
void require_spool(const std::filesystem::path& spool, const ClusterIdentity& identity,
                   const std::filesystem::path& state_directory, Openness openness, Log& log);

// pitr-archive --init: marks an existing place, whatever lies in it, for the cluster. Throws when it carries
// another cluster's marker, or holds another cluster's WAL.
void mark(Store& store, const ClusterIdentity& identity, const std::filesystem::path& state_directory,
          Openness openness, Log& log, const std::function<void()>& complete);

}  // namespace pitr
