#pragma once

#include <filesystem>

#include "archive/archive.h"
#include "common/postgres/wal_check.h"
#include "common/wal/put_wal.h"

namespace pitr {

// One file that the server wants archived.
struct Job {
  std::filesystem::path path;
  WalName name;
  std::size_t workers;
  const Archiving& archiving;
};
OriginalWal original(const Job& job);

// What a file of this name must hold when the server of this cluster has written it. Valid as long as
// `archiving`.
WalExpectation expectation(const WalName& name, const Archiving& archiving);

}  // namespace pitr
