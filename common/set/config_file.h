#pragma once

#include <string>

namespace pitr {

// A file of configuration that lay outside the data directory, as a meta file holds it below config/.
struct ConfigFile {
  std::string path;  // absolute
  std::string content;
};

}  // namespace pitr
