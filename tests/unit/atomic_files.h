#pragma once

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "common/os/file.h"

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

}  // namespace pitr
