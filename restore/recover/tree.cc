#include "restore/recover/tree.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace pitr {
namespace {

std::string name_in(const Fd& directory, const std::string& name) {
  return (std::filesystem::path(directory.name()) / name).native();
}

// The directory `name`, made when it is not there. A link of that name is an error of openat(2).
Fd enter(const Fd& directory, const std::string& name, mode_t mode) {
  if (::mkdirat(directory.number(), name.c_str(), mode) == 0) {
    // Not left to the umask.
    if (::fchmodat(directory.number(), name.c_str(), mode, 0) != 0) {
      fail(Exit::failed, "chmod {}: {}", name_in(directory, name), errno_text(errno));
    }
  } else if (errno != EEXIST) {
    fail(Exit::failed, "create directory {}: {}", name_in(directory, name), errno_text(errno));
  }
  return open_file(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

}  // namespace

std::vector<std::string> checked_components(std::string_view path) {
  if (path.starts_with('/')) fail(Exit::damaged, "{}: an absolute path", path);
  if (path.find('\0') != path.npos) fail(Exit::damaged, "{}: no path", path);
  std::vector<std::string> components;
  while (!path.empty()) {
    const std::string_view component = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(component.size() + 1, path.size()));
    if (component.empty() || component == ".") continue;
    if (component == "..") fail(Exit::damaged, "a path that leads out of its directory");
    components.emplace_back(component);
  }
  return components;
}

Tree::Tree(const std::filesystem::path& root, Openness openness)
    : path_(root), openness_(openness), root_(open_file(root, O_RDONLY | O_DIRECTORY)) {}

void Tree::open_to(Openness openness) {
  openness_ = openness;
  if (::fchmod(root_.number(), openness.directory) != 0)
    fail(Exit::failed, "chmod {}: {}", path_.native(), errno_text(errno));
}

const Fd& Tree::directory(const std::vector<std::string>& components, std::size_t count) {
  if (count == 0) return root_;
  if (last_directory_ && last_.size() == count &&
      std::equal(last_.begin(), last_.end(), components.begin())) {
    return last_directory_;
  }
  Fd at = enter(root_, components[0], openness_.directory);
  for (std::size_t i = 1; i < count; ++i) at = enter(at, components[i], openness_.directory);
  last_.assign(components.begin(), components.begin() + static_cast<std::ptrdiff_t>(count));
  last_directory_ = std::move(at);
  return last_directory_;
}

void Tree::make_directory(std::string_view path) {
  const auto components = checked_components(path);
  directory(components, components.size());
}

Fd Tree::create(std::string_view path) {
  const auto components = checked_components(path);
  if (components.empty()) fail(Exit::damaged, "a file without a name");
  const Fd& parent = directory(components, components.size() - 1);
  Fd file = open_file(parent, components.back(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, openness_.file);
  if (::fchmod(file.number(), openness_.file) != 0) {
    fail(Exit::failed, "chmod {}: {}", file.name(), errno_text(errno));
  }
  return file;
}

void Tree::make_link(std::string_view path, const std::string& target) {
  const auto components = checked_components(path);
  const Fd& parent = directory(components, components.size() - 1);
  if (::symlinkat(target.c_str(), parent.number(), components.back().c_str()) != 0) {
    fail(Exit::failed, "create link {}: {}", name_in(parent, components.back()), errno_text(errno));
  }
}

void Tree::remove(std::string_view path) {
  const auto components = checked_components(path);
  remove_at(directory(components, components.size() - 1), components.back(), Removed::file);
}

void Tree::sync() { sync_file_system(root_); }

}  // namespace pitr
