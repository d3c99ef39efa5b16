#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/base/stream.h"
#include "common/os/fd.h"
#include "common/postgres/wal.h"

namespace pitr {

// WAL segments that were fetched before the server asked for them: the files of DIRECTORY/<system
// identifier>/.
//
//   000000010000000000000008.9a3c01f7   a segment; behind the dot the CRC-32C of its bytes
//   loading                             the next one, until it has its name
//   asked                               "000000010000000000000007 02": what the server got last, and how many
//   in a row worker                              locked by the worker that fills it
//
// Nothing is synced. What a killed process or a power cut leaves of a file is found out before it is handed
// over: it does not fit its name.
class PrefetchSpool {
 public:
  // Creates nothing.
  PrefetchSpool(const std::filesystem::path& directory, std::uint64_t system_identifier)
      : directory_(directory),
        path_(directory / std::to_string(system_identifier)),
        cluster_(system_identifier) {}

  const std::filesystem::path& path() const { return path_; }
  // False: there is no spool. Throws when it is a link, or when others may write into it.
  bool open();
  // Makes the missing directories, 0700; only below one that exists.
  void create();

  // True: the segment was here and is at `target` now, whole and verified again. A file that is not what its
  // name says is removed, and is as good as none.
  bool hand_over(const WalName& segment, const std::filesystem::path& target);

  // Where the worker puts the next segment together, and how it gets its name.
  std::filesystem::path loading() const { return path_ / "loading"; }
  void keep(const WalName& segment);
  std::vector<WalName> segments() const;
  void drop_unless(const std::function<bool(const WalName&)>& wanted);
  std::uint64_t free_bytes() const;  // of its file system

  // What the server was given last; `in_a_row` counts from 1 since the last segment that was nowhere, up
  // to 99.
  struct Asked {
    WalName segment;
    int in_a_row;
    bool operator==(const Asked&) const = default;
  };
  std::optional<Asked> asked() const;
  void remember(const WalName& segment);
  void forget();  // a segment was nowhere

  std::filesystem::path worker_lock() const { return path_ / "worker"; }
  void remove();  // everything, as far as it can be removed

 private:
  struct Entry {
    WalName segment;
    std::uint32_t crc;
    std::string file;
  };
  std::vector<Entry> entries() const;
  void read(const Entry& entry, const Fd& file, Sink& to) const;
  bool give(const Entry& entry, const std::filesystem::path& target);

  std::filesystem::path directory_, path_;
  std::uint64_t cluster_;
  Fd opened_;
};

}  // namespace pitr
