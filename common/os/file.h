#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "common/os/fd.h"

namespace pitr {

// The only fsync(2), link(2) and rename(2) of the suite: what is durable is decided here.

// Modes of what we create. A data directory that its group may read gives 0640 and 0750.
struct Openness {
  mode_t file = 0600;
  mode_t directory = 0700;
};
Openness openness_of(const std::filesystem::path& data_directory);

// A file that appears whole or not at all: a temporary neighbour (see temporary_file.h), write, fsync,
// publish, fsync of the directory. Destroyed without finish() it leaves nothing.
class AtomicFile final : public Sink {
 public:
  enum class Existing {
    refuse,   // finish() throws Conflict when NAME exists, and leaves it alone
    replace,  // a file or symbolic link at NAME is replaced, never written through
  };
  struct Conflict;                 // the Error that refuse throws
  enum class Durable { yes, no };  // no: whole or not there, but a power cut may take it

  AtomicFile(const std::filesystem::path& path, Existing existing, mode_t mode,
             Durable durable = Durable::yes);
  // In an open directory: `path` is only what messages call it, and its last component the name.
  AtomicFile(Fd directory, const std::filesystem::path& path, Existing existing, mode_t mode,
             Durable durable = Durable::yes);
  ~AtomicFile() override;
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(Bytes bytes) override;
  void prepare() override;  // durable, under the temporary name
  void finish() override;

 private:
  std::filesystem::path path_;
  Existing existing_;
  Durable durable_;
  Fd directory_;
  std::string temporary_;  // name in directory_; empty once there is nothing to remove
  Fd file_;
  bool prepared_ = false;
};
struct AtomicFile::Conflict : Error {
  using Error::Error;
};

// How a new file gets its name without ever replacing another one. The first that the file system has is
// used.
enum class Publishing { link, rename_without_replacing, rename_under_lock };
// Tries it with a file that is removed again.
Publishing try_publishing(const std::filesystem::path& directory);

// Makes an existing file as durable as AtomicFile::finish() would have made it, and removes what dead runs
// left under its temporary names: an earlier run may have died between link and fsync.
void sync_file(const Fd& directory, const std::string& name);
void sync_directory(const Fd& directory);
void sync_directory(const std::filesystem::path& path);

// Makes everything in the file system of this open directory durable: for what consists of many files. Write
// errors since the directory was opened are reported (Linux 5.8).
void sync_file_system(const Fd& directory);

// Does anything have this name? A link that leads nowhere has. Throws when it cannot be found out.
bool is_there(const std::filesystem::path& path);
// "/a/b" of "/a/./b/", without a look at what is there.
std::filesystem::path normal_path(const std::filesystem::path& path);
// Is `path` the directory or something in it, whatever links lead there?
bool lies_within(const std::filesystem::path& path, const std::filesystem::path& directory);
// Cuts an existing file that is about to be removed.
void truncate_file(const std::filesystem::path& path, std::uint64_t size);
// Missing is fine; anything else that keeps the file there throws.
void remove_file(const std::filesystem::path& path);
// Gives an existing file another name, also one that is taken; false when there is no such file. Not durable.
bool rename_if_there(const std::filesystem::path& from, const std::filesystem::path& to);
// Removes a file, a link or an empty directory from an open directory; missing is fine.
enum class Removed { file, directory };
void remove_at(const Fd& directory, const std::string& name, Removed what);
// Beside where it was; an empty directory under the new name is replaced. Not durable.
void rename_directory(const std::filesystem::path& from, const std::filesystem::path& to);
bool try_rename_directory(const std::filesystem::path& from, const std::filesystem::path& to) noexcept;
// Moves a file out of an open directory; nothing is made durable. What stands at `to` is replaced, never
// written through. False: `to` is on another file system, and nothing has changed.
bool move_file(const Fd& directory, const std::string& name, const std::filesystem::path& to);
// Creates `path` and its missing parents, each synced into its parent.
void create_directories(const std::filesystem::path& path, mode_t mode);

}  // namespace pitr
