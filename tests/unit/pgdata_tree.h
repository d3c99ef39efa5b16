#pragma once

#include <algorithm>
#include <filesystem>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "basebackup/copying/pgdata.h"
#include "common/base/error.h"
#include "tests/unit/scratch.h"

namespace pitr {

namespace fs = std::filesystem;

// What a walk gave, printable.
struct Lines : std::vector<std::string> {
  using std::vector<std::string>::vector;
};
inline std::ostream& operator<<(std::ostream& out, const Lines& lines) {
  for (const std::string& line : lines) out << "\n  " << line;
  return out;
}

inline constexpr const char* version = "PG_15_202209061";

inline WalkOptions with_version() {
  WalkOptions options;
  options.version_directory = version;
  return options;
}

// A data directory `main` in a scratch directory. Every file holds its own path.
class PgdataTree {
 public:
  PgdataTree() { fs::create_directories(root); }

  void files(std::initializer_list<std::string_view> paths) const {
    for (const std::string_view path : paths) {
      fs::create_directories((root / path).parent_path());
      std::ofstream(root / path) << path;
    }
  }
  void directories(std::initializer_list<std::string_view> paths) const {
    for (const std::string_view path : paths) fs::create_directories(root / path);
  }
  void link(std::string_view path, const fs::path& target) const { fs::create_symlink(target, root / path); }

  // "d main/base", "f main/base/5/1259", "l main/pg_tblspc/1 -> ../../tablespaces/x"; names that the manifest
  // has and that do not follow from the tar's are appended as " = name".
  Lines walk(const WalkOptions& options = with_version(),
             const std::function<void(const Entry&)>& on_each = {}) const {
    Lines lines;
    walk_data_directory(root, options, [&](const Entry& entry) {
      lines.push_back(line(entry));
      if (on_each) on_each(entry);
    });
    return lines;
  }

  // The message of the Error that the walk ends with.
  std::string error() const {
    try {
      walk();
    } catch (const Error& error) {
      CHECK(error.code() == Exit::failed);
      return error.what();
    }
    return "no error";
  }

  // Scratch directories have random names: messages and tar paths say SCRATCH.
  std::string masked(std::string text) const {
    const std::string name = scratch / "";
    replace_all(text, "tablespaces" + name, "tablespaces/SCRATCH/");
    replace_all(text, name, "SCRATCH/");
    return text;
  }

  Scratch scratch;
  fs::path root = scratch / "main";

 private:
  static void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (std::size_t at = 0; (at = text.find(from, at)) != text.npos; at += to.size()) {
      text.replace(at, from.size(), to);
    }
  }
  std::string line(const Entry& entry) const {
    const bool is_link = entry.kind == Entry::Kind::symlink;
    const char* kind = is_link ? "l " : entry.kind == Entry::Kind::file ? "f " : "d ";
    std::string text = kind + entry.tar_path + (is_link ? " -> " + entry.target : "");
    const std::string plain = entry.path.empty() ? "main" : "main/" + entry.path;
    if (entry.tar_path != plain) text += " = " + entry.path;
    return masked(text);
  }
};

inline bool contains(const Lines& lines, std::string_view line) {
  return std::ranges::find(lines, line) != lines.end();
}
inline bool mentions(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

}  // namespace pitr
