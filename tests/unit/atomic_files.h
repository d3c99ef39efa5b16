#pragma once

#include <fcntl.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "common/os/file.h"
#include "common/os/temporary_file.h"

namespace pitr {

using Existing = AtomicFile::Existing;

// The names in a directory, sorted: "a b.tmp.0".
inline std::string names_in(const std::filesystem::path& directory) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory))
    names.push_back(entry.path().filename());
  std::ranges::sort(names);
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : " ") + name;
  return text;
}

// Has written, and not finished.
inline std::unique_ptr<AtomicFile> writer_of(const std::filesystem::path& path,
                                             Existing existing = Existing::refuse) {
  auto file = std::make_unique<AtomicFile>(path, existing, 0600);
  file->write(as_bytes("half"));
  return file;
}

inline void store(const std::filesystem::path& path, std::string_view text,
                  Existing existing = Existing::refuse,
                  AtomicFile::Durable durable = AtomicFile::Durable::yes) {
  AtomicFile file(path, existing, 0600, durable);
  file.write(as_bytes(text));
  file.finish();
}

inline Fd directory_at(const std::filesystem::path& path) { return open_file(path, O_RDONLY | O_DIRECTORY); }
inline void sync_file(const std::filesystem::path& path) {
  sync_file(directory_at(path.has_parent_path() ? path.parent_path() : "."), path.filename().native());
}
inline void remove_dead_temporaries(const std::filesystem::path& path) {
  remove_dead_temporaries(directory_at(path));
}

}  // namespace pitr
