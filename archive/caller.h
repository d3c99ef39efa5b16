#pragma once

#include <filesystem>

namespace pitr {

// Was this process started by the server of the data directory, through whatever shells? False as well when
// that cannot be found out.
bool is_called_by_server(const std::filesystem::path& data_directory);

}  // namespace pitr
