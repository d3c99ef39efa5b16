#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>

namespace pitr {

// The live process that postmaster.pid names, unless its number was given to a process elsewhere since;
// whether that is a server is not asked. Null: no server runs there.
std::optional<pid_t> postmaster_of(const std::filesystem::path& data_directory);

}  // namespace pitr
