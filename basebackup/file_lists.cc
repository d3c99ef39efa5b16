#include "basebackup/file_lists.h"

namespace pitr {
namespace {

void add(SpoolFile& list, std::string name) {
  name += '\0';
  list.write(as_bytes(name));
}

}  // namespace

FileLists list_files(const Cluster& cluster, const std::filesystem::path& temporary_directory) {
  FileLists lists{{}, SpoolFile(temporary_directory)};
  const auto add_tree = [&](const std::string& target, const std::filesystem::path& source) {
    lists.trees.push_back({target, source, SpoolFile(temporary_directory)});
  };
  add_tree(cluster.top, cluster.data_directory);
  walk_data_directory(cluster.data_directory, cluster.walk, [&](const Entry& entry) {
    switch (entry.kind) {
      case Entry::Kind::symlink:  // to a tablespace, which comes next
        return add_tree(entry.target, entry.source);
      case Entry::Kind::directory:
        return add(lists.names, entry.tar_path + '/');
      case Entry::Kind::file:
        add(lists.names, entry.tar_path);
        FileTree& tree = entry.tar_path.starts_with('/') ? lists.trees.back() : lists.trees.front();
        add(tree.names, entry.tar_path.substr(tree.target.size() + 1));
        tree.bytes += static_cast<std::uint64_t>(entry.status.st_size);
    }
  });
  return lists;
}

}  // namespace pitr
