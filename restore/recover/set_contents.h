#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/postgres/manifest.h"
#include "common/set/backup_catalog.h"
#include "common/set/backup_index.h"
#include "common/set/config_file.h"
#include "restore/recover/tablespaces.h"

namespace pitr {

// A file as the backup's manifest has it.
struct ExpectedFile {
  std::uint64_t size;
  std::string algorithm, checksum;
  bool is_there = false;  // it lies at its place and is right
};

// What a backup set holds, known before anything is written. Of OmniPITR's sets only the bundled WAL is
// known.
struct SetContents {
  bool has_manifest = false;
  std::unordered_map<std::string, ExpectedFile> files;  // by their path in the data directory
  std::vector<IndexedFile> index;
  std::string top;                            // the name of the data directory in the tars; "" when not known
  std::string tablespace_map;                 // as the server wrote it; "" for none
  std::vector<WalName> wal;                   // bundled: segments and others
  std::optional<Lsn> stop;                    // of an OmniPITR set with its .backup file
  std::map<Timeline, std::string> histories;  // bundled, their text
  std::vector<ConfigFile> config;
  std::string config_not_copied;
  std::uint64_t bytes_to_write = 0;  // 0: not known
};

// Throws Exit::damaged when the set cannot be read, or files of it are missing.
SetContents read_contents(Store& store, const BackupSet& set);

// How much goes where: first into the data directory, then into each tablespace.
std::vector<std::pair<std::filesystem::path, std::uint64_t>> space_wanted(
    const SetContents& contents, const std::filesystem::path& data_directory,
    const std::vector<Tablespace>& tablespaces);

// The name of a WAL file in an xlog tar: "pg/pg_wal/000000010000000000000007"; null for anything else.
std::optional<WalName> wal_of_member(std::string_view path);

}  // namespace pitr
