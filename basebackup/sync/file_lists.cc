#include "basebackup/sync/file_lists.h"

namespace pitr {
namespace {

void add(SpoolFile& list, std::string name) {
  name += '\0';
  list.write(as_bytes(name));
}

}  // namespace

FileLists list_files(const std::filesystem::path& data_directory, const WalkOptions& walk,
                     const std::filesystem::path& temporary_directory) {
  FileLists lists{{}, SpoolFile(temporary_directory)};
  const auto add_tree = [&](const std::string& target, const std::filesystem::path& source) {
    lists.trees.push_back({target, source, SpoolFile(temporary_directory)});
  };
  add_tree(walk.top, data_directory);
  walk_data_directory(data_directory, walk, [&](const Entry& entry) {
    switch (entry.kind) {
      case Entry::Kind::symlink:  // to a tablespace, which comes next
        return add_tree(entry.target, entry.source);
      case Entry::Kind::directory:
        return add(lists.names, entry.tar_path + '/');
      case Entry::Kind::file:
        add(lists.names, entry.tar_path);
        FileTree& tree = entry.tar_path.starts_with('/') ? lists.trees.back() : lists.trees.front();
        // rsync takes "#postgresql.conf#" for a comment.
        add(tree.names, "." + entry.tar_path.substr(tree.target.size()));
        tree.bytes += static_cast<std::uint64_t>(entry.status.st_size);
    }
  });
  return lists;
}

}  // namespace pitr
