#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "common/cli/log.h"
#include "common/set/backup_catalog.h"

namespace pitr {

// Removes backup sets from a directory, so that whenever it is killed whatever is still listed restores:
// first its meta file goes, then the rest. removing_file() holds the names of the files meanwhile, for the
// next run to go on with.
class SetRemoval {
 public:
  struct Pace {
    std::uint64_t truncate_by = 0;  // bytes: large files are shrunk in such steps before they go; 0: at once
    int pause_ms = 500;             // between the steps
  };
  SetRemoval(std::filesystem::path directory, const Pace& pace, Log& log);

  // False: a reader holds it, and it stays.
  bool remove(Store& store, const BackupSet& set);
  // Goes on with what a killed run had begun.
  void finish_interrupted(Store& store);

 private:
  void remove_files(const std::vector<std::string>& names);
  void remove_slowly(const std::filesystem::path& path);

  std::filesystem::path directory_;
  Pace pace_;
  Log& log_;
};

}  // namespace pitr
