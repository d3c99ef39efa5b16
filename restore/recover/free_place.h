#pragma once

#include <cstdint>
#include <filesystem>
#include <utility>
#include <vector>

namespace pitr {

// Throws usage unless `path` is missing or an empty directory: what a restore may write into.
void require_free_directory(const std::filesystem::path& path);

// Throws usage when a server, or what is left of one, runs in this data directory.
void require_stopped(const std::filesystem::path& data_directory);

// Throws usage when a server that runs on this host has a tablespace in `path`, or `path` in its data
// directory.
void require_not_in_use(const std::filesystem::path& path);

// Throws failed when the file systems of these places have less room than is to be written there. A place
// that is missing lies where its nearest directory lies.
void require_space(const std::vector<std::pair<std::filesystem::path, std::uint64_t>>& bytes);

}  // namespace pitr
