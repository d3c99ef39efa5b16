#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "common/os/file.h"

namespace pitr {

// The components of a path that somebody else wrote. Throws Exit::damaged for an absolute path, for ".." and
// for what no file can be called; "." and empty components are left out.
std::vector<std::string> checked_components(std::string_view path);

// A directory that is written into by paths which are not to be trusted: every step from its root is a real
// directory, no link is ever followed, nothing that exists is written over.
class Tree {
 public:
  Tree(const std::filesystem::path& root, Openness openness);

  const std::filesystem::path& path() const { return path_; }
  void open_to(Openness openness);             // from here on; the root at once
  void make_directory(std::string_view path);  // with its parents; one that exists is fine
  Fd create(std::string_view path);            // a new file, with its parents
  void make_link(std::string_view path, const std::string& target);
  void remove(std::string_view path);  // a file or link; missing is fine
  void sync();                         // everything in its file system

 private:
  const Fd& directory(const std::vector<std::string>& components, std::size_t count);

  std::filesystem::path path_;
  Openness openness_;
  Fd root_;
  // The directory of the last file: the next one is usually its neighbour.
  std::vector<std::string> last_;
  Fd last_directory_;
};

}  // namespace pitr
