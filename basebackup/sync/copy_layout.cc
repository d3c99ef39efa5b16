#include "basebackup/sync/copy_layout.h"

#include <algorithm>
#include <set>

#include "common/os/file.h"

namespace pitr {
namespace {

namespace fs = std::filesystem;

bool is_below(const fs::path& path, const fs::path& directory) {
  const fs::path relative = path.lexically_relative(directory);
  return !relative.empty() && *relative.begin() != "..";
}

fs::path placed(const fs::path& original, const std::vector<PathMap>& maps) {
  const PathMap* best = nullptr;
  for (const PathMap& map : maps) {
    if (is_below(original, map.first) && (best == nullptr || map.first.size() > best->first.size()))
      best = &map;
  }
  if (best == nullptr) return original;
  return normal_path(best->second / original.lexically_relative(best->first));
}

}  // namespace

PathMap parse_path_map(const std::string& text) {
  const auto colon = text.find(":/");
  if (!text.starts_with('/') || colon == text.npos || text.find('\n') != text.npos) {
    fail(Exit::usage, "--map {}: not FROM:TO with two absolute paths", text);
  }
  return {normal_path(text.substr(0, colon)), normal_path(text.substr(colon + 1))};
}

std::vector<CopiedTablespace> place_tablespaces(const std::vector<PathMap>& maps,
                                                const std::map<std::string, fs::path>& originals,
                                                const fs::path& data_directory) {
  std::vector<CopiedTablespace> result;
  std::set<fs::path> targets;
  for (const auto& [oid, original] : originals) {
    const fs::path target = placed(original, maps);
    if (is_below(target, data_directory)) {
      fail(Exit::usage, "tablespace {} would lie in the original's data directory: give --map",
           original.native());
    }
    if (!targets.insert(target).second) {
      fail(Exit::usage, "--map: two tablespaces would lie in {}", target.native());
    }
    // The far side reads lines.
    const bool is_line = target.native().find('\n') == std::string::npos;
    if (!is_line) fail(Exit::usage, "tablespace {}: a line end in its path", oid);
    result.push_back({oid, original, target});
  }
  for (const PathMap& map : maps) {
    if (std::ranges::none_of(result, [&](const auto& each) { return is_below(each.original, map.first); })) {
      fail(Exit::usage, "--map {}:{}: no tablespace lies there", map.first, map.second);
    }
  }
  return result;
}

void lay_out_in_place(Cluster& cluster, const std::vector<CopiedTablespace>& tablespaces) {
  cluster.top = ".";
  cluster.walk.top = ".";
  cluster.walk.in_place = true;
  cluster.walk.tablespace_paths.clear();
  for (const CopiedTablespace& each : tablespaces)
    cluster.walk.tablespace_paths.emplace(each.oid, each.target);
}

}  // namespace pitr
