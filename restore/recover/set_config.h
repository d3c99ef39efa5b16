#pragma once

#include <filesystem>
#include <string>

#include "common/os/file.h"
#include "restore/recover/set_contents.h"

namespace pitr {

// What happens to configuration that lay outside the data directory.
enum class ConfigMode {
  print,    // it is said what was where
  keep,     // it goes into the data directory, below pitr-config
  restore,  // it goes where it was
};

// Throws usage when a file that would be restored is there with other content.
void require_config_fits(const SetContents& contents, ConfigMode mode);

// Returns what is to be said of it; "" when there is none.
std::string place_config(const SetContents& contents, ConfigMode mode,
                         const std::filesystem::path& data_directory, Openness openness);

}  // namespace pitr
