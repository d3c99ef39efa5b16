#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/postgres/control_file.h"
#include "restore/recover/file_writer.h"
#include "restore/recover/set_contents.h"
#include "restore/recover/tablespaces.h"
#include "restore/recover/tree.h"

namespace pitr {

// Lays a backup out as a data directory. Everything is checked against the manifest while it is written;
// nothing is written but in the data directory and in the directories of the tablespaces. pg_control is held
// back: finish() puts it in place when all else is durable, so that what is not complete does not start.
class Unpacker {
 public:
  struct Places {
    std::filesystem::path data_directory;  // exists
    Openness openness;
    TablespaceMapping mapping;
    std::vector<Tablespace> tablespaces;  // as known beforehand; OmniPITR's are found on the way
    std::size_t workers;
  };
  // `each` gets the bytes of every piece.
  Unpacker(const Places& places, SetContents& contents, bool is_ours, std::function<void(std::size_t)> each);

  void unpack_data(Source& tar, const std::string& called);
  void unpack_wal(Source& tar, const std::string& called, std::optional<std::uint64_t> system_identifier);

  // The cluster that was unpacked. Throws when files of the manifest did not come.
  ControlFile check_complete();
  const std::vector<Tablespace>& tablespaces() const { return places_.tablespaces; }
  Openness openness() const { return places_.openness; }
  // Makes everything durable; then pg_control gets its place.
  void finish();

 private:
  void open_to(Openness openness);
  void take_data(const TarEntry& entry, Source& content);
  Tree& tree_of(std::string& path);
  void take_file(Tree& tree, const std::string& path, const std::string& manifest_path, Source& content);
  void take_link(const std::string& path, const TarEntry& entry);
  void take_tablespace_member(const TarEntry& entry, const std::vector<std::string>& components,
                              Source& content);
  std::string hold(const std::string& manifest_path, Source& content);
  void check(const std::string& path, std::uint64_t size, const std::string& checksum);
  bool is_left_out(const std::string& path) const;
  void add_tablespace(const Tablespace& tablespace);

  Places places_;
  SetContents& contents_;
  const bool is_ours_;
  const std::function<void(std::size_t)> each_;
  Tree data_;
  std::optional<Tree> wal_;                   // of a pg_wal that --delta found on another disk
  std::vector<std::unique_ptr<Tree>> trees_;  // of the tablespaces, in their order
  std::string top_;
  std::optional<ControlFile> control_;
  std::string control_bytes_;
  bool has_label_ = false;
  std::vector<std::byte> buffer_;
  FileWriter writer_;
};

}  // namespace pitr
