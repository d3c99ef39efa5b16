#pragma once

#include <filesystem>
#include <set>
#include <string>

#include "common/os/file.h"
#include "common/postgres/wal.h"
#include "common/store/store.h"

namespace pitr {

// What a call that failed has delivered to other hosts nevertheless: STATE-DIR/delivered/NAME. The next call
// for the file sees that it is there still, and need not read it back. Losing it costs that, and never a
// file.
class DeliveryMemory {
 public:
  // `directory`: the state directory; "" remembers nothing.
  DeliveryMemory(std::filesystem::path directory, Openness openness)
      : directory_(std::move(directory)), openness_(openness) {}

  // The places that hold the file at `path`, unless it is another file by now.
  std::set<std::string> places(const std::filesystem::path& path) const;
  void remember(const std::filesystem::path& path, const std::set<std::string>& places) const;
  void forget(const std::filesystem::path& path) const;

 private:
  std::filesystem::path memory_of(const std::filesystem::path& path) const;

  std::filesystem::path directory_;
  Openness openness_;
};

}  // namespace pitr
