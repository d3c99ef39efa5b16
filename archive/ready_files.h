#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "common/postgres/wal.h"

namespace pitr {

// pg_wal/archive_status: "NAME.ready" is a file that the server wants archived, "NAME.done" one that is. As
// long as NAME.ready is there the server leaves pg_wal/NAME as it is.
class ReadyFiles {
 public:
  explicit ReadyFiles(const std::filesystem::path& data_directory);

  bool has(const WalName& name) const;
  // The first `most` in the order in which the server would have them archived, `except` left out. Ends
  // before a name that the server would ask for and that no WAL file has. Reads the whole directory, holds
  // `most` names.
  std::vector<WalName> first(std::size_t most, const WalName& except) const;
  // NAME.ready becomes NAME.done, unless it is gone. A power cut may undo it: the server asks for the file
  // again then, and is told that it is stored.
  void mark_done(const WalName& name) const;

 private:
  std::filesystem::path of(const WalName& name, std::string_view suffix) const;

  std::filesystem::path directory_;
};

}  // namespace pitr
