#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pitr {

// A tablespace of the backup: where it was, and where it goes.
struct Tablespace {
  std::string oid;
  std::string original;
  std::filesystem::path target;
};

// "--tablespace OLD=NEW" and "--tablespace-root DIR".
struct TablespaceMapping {
  std::vector<std::pair<std::string, std::string>> moved;
  std::string root;                // DIR/<oid> for those that are not named; "" to leave them where they were
  std::string old_data_directory;  // what lies inside moves with the data directory
  std::filesystem::path new_data_directory;

  Tablespace place(const std::string& oid, const std::string& original) const;
};

std::pair<std::string, std::string> parse_tablespace_move(
    const std::string& text);  // "OLD=NEW"; throws usage

// The lines of tablespace_map: "OID path", with a backslash before line ends and backslashes. Throws
// Exit::damaged.
std::vector<Tablespace> parse_tablespace_map(std::string_view text, const TablespaceMapping& mapping);
std::string format_tablespace_map(const std::vector<Tablespace>& tablespaces);

// Throws usage when two would lie in one directory.
void require_apart(const std::vector<Tablespace>& tablespaces);

// Throws usage when a move names a directory that no tablespace of the backup has.
void require_known(const TablespaceMapping& mapping, const std::vector<Tablespace>& tablespaces);

}  // namespace pitr
