#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "common/store/place.h"
#include "common/wal/archive_command.h"

namespace pitr {

// What pitr-archive's options say, and a configuration file that they name.
struct ArchiveOptions {
  ArchiveOptions() = default;
  ArchiveOptions(const ArchiveOptions&) = delete;
  ArchiveOptions& operator=(const ArchiveOptions&) = delete;

  Remote remote;  // the destinations point to it
  std::vector<Place> destinations;
  std::vector<std::string> required;
  std::string data_directory, state_directory, spool_directory;
};

// Asks pitr-archive (--show-destinations), in the server's working directory. Throws what it complains of.
std::unique_ptr<ArchiveOptions> ask_pitr_archive(const ArchiveCommand& command,
                                                 const std::filesystem::path& data_directory);

}  // namespace pitr
