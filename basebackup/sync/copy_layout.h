#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "basebackup/copying/cluster.h"

namespace pitr {

using PathMap = std::pair<std::string, std::string>;  // everything at or below the first goes to the second
PathMap parse_path_map(const std::string& text);      // "FROM:TO"; throws usage

struct CopiedTablespace {
  std::string oid;
  std::filesystem::path original;
  std::filesystem::path target;
};

// The longest FROM wins; what none names keeps its path. Throws usage for a tablespace inside the data
// directory that would stay in it, for two in one place, and for a FROM without a tablespace.
std::vector<CopiedTablespace> place_tablespaces(const std::vector<PathMap>& maps,
                                                const std::map<std::string, std::filesystem::path>& originals,
                                                const std::filesystem::path& data_directory);

// Makes the tars of `cluster` describe a copy at its place: the files of the data directory at the top,
// tablespaces at their absolute paths.
void lay_out_in_place(Cluster& cluster, const std::vector<CopiedTablespace>& tablespaces);

}  // namespace pitr
