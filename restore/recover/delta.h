#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <vector>

#include "restore/recover/set_contents.h"
#include "restore/recover/tablespaces.h"

namespace pitr {

// The file that says that a data directory is being restored, or was not restored to its end.
inline constexpr std::string_view incomplete_name = "pitr-recover.incomplete";

// What that file says.
struct Incomplete {
  std::uint64_t system_identifier = 0;
  // The directories into which this run and those before it have rescued WAL of the old cluster. Nothing else
  // remembers them when pg_wal is emptied.
  std::vector<std::filesystem::path> rescued;
};
// Null: there is no such file.
std::optional<Incomplete> read_incomplete(const std::filesystem::path& data_directory);

// Throws usage unless `data_directory` was left behind by a stopped cluster with this identifier, or by an
// earlier run for it, so that a restore may keep what is right in it and remove the rest; and unless the
// tablespaces are its own.
void require_left_behind(const std::filesystem::path& data_directory, std::uint64_t system_identifier,
                         const std::vector<Tablespace>& tablespaces);

// Writes the mark, durable. With it the directory is nobody's but ours.
void mark_incomplete(const std::filesystem::path& data_directory, const Incomplete& mark, mode_t mode);

// Tablespaces of the data directory and of the cluster that was there.
struct DeltaTablespaces {
  const std::vector<Tablespace>& of_backup;
  const std::vector<Tablespace>& left;  // left_tablespaces()
};

// The tablespaces that are linked in `data_directory` and that the backup does not know: `original` is their
// place, `target` the directory in it that servers of this version and nobody else have there.
std::vector<Tablespace> left_tablespaces(const std::filesystem::path& data_directory,
                                         const std::vector<Tablespace>& of_backup,
                                         const std::string& server_version);

// Keeps the files whose size and checksum are those of the manifest and marks them as being there; removes
// everything else, pg_control first of all. `each` gets the bytes of every file that was compared. Returns
// how many are kept.
std::size_t keep_what_is_right(const std::filesystem::path& data_directory,
                               const DeltaTablespaces& tablespaces, SetContents& contents,
                               std::size_t workers, const std::function<void(std::size_t)>& each);

}  // namespace pitr
