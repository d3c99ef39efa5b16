#pragma once

#include <filesystem>

namespace pitr {

// Was this process started by the server of the data directory, through whatever shells? False as well when
// that cannot be found out.
bool is_called_by_server(const std::filesystem::path& data_directory);

// Throws when the working directory is another data directory, as it is when the server of a copy calls with
// the --data-dir of its original: it would store the original's files, and forget its own.
void require_no_other_server(const std::filesystem::path& data_directory);

// Throws when the file lies in pg_wal and the server has not marked it: it is still being written.
void require_finished(const std::filesystem::path& path, const std::filesystem::path& data_directory);

}  // namespace pitr
