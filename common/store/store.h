#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/os/file.h"
#include "common/postgres/wal.h"

namespace pitr {

// The name of a stored file: no '/', no leading '.' or '-', no control character, not a temporary name.
class Name {
 public:
  static std::optional<Name> parse(std::string_view text);
  Name(const WalName& wal, std::string_view suffix) : text_(wal.text() + std::string(suffix)) {}
  const std::string& text() const { return text_; }
  auto operator<=>(const Name&) const = default;

 private:
  explicit Name(std::string_view text) : text_(text) {}
  std::string text_;
};

// A place that holds named files. Every obligation here is tested by one suite that runs on each kind
// (tests/unit/store_suite.h). Whatever cannot be found out throws: it never becomes "not there".
class Store {
 public:
  virtual ~Store() = default;

  // What messages call the place, and a file in it.
  virtual std::string describe() const = 0;
  std::string describe(const Name& name) const { return describe() + "/" + name.text(); }

  // Null: the place was reached and has no such file. A symbolic link or anything else that is no regular
  // file MUST throw.
  virtual std::unique_ptr<Source> open(const Name& name) = 0;
  // open() for each of these; where that is far, in one round trip.
  virtual std::vector<std::unique_ptr<Source>> open_each(const std::vector<Name>& names);
  // Its length. Null: no such file, or the length is known only by reading the file.
  virtual std::optional<std::uint64_t> size(const Name&) { return std::nullopt; }
  // When the file was stored, by the clock of the place. Null: the place was reached and has no such file.
  virtual std::optional<std::chrono::system_clock::time_point> modified(const Name& name) = 0;
  // A file that appears whole and durable at finish() and MUST NOT replace an existing one: then finish()
  // throws AtomicFile::Conflict. Destroyed without finish() it MUST leave nothing.
  virtual std::unique_ptr<Sink> create(const Name& name) = 0;
  // Waits for the lock of this existing file and holds it until the result is closed. Null: the file is
  // missing or may not be written to, or the place has no locks.
  virtual Fd lock(const Name&) { return Fd(); }
  // Does the Sink that stored this file still exist, in any process? Whoever stores a file that is part of a
  // backup keeps its Sink until the backup is complete. True as well where the place cannot tell and the file
  // is young.
  virtual bool has_living_writer(const Name& name) = 0;
  // An existing file becomes as durable as finish() would have made it.
  virtual void sync(const Name& name) = 0;
  // Calls `each` for every stored file whose name starts with `prefix`, in no order, until it returns false.
  // Temporary files are not shown. MUST NOT hold all names in memory.
  virtual void list(std::string_view prefix, const std::function<bool(const Name&)>& each) = 0;
  virtual void remove(const Name& name) = 0;  // missing is fine
  // Removes the temporary files whose writers are dead, of whatever name. May list everything: for programs
  // that run once a day, never per segment.
  virtual void remove_litter() = 0;
  // What this kind of place cannot promise, for one line in verbose; "": it keeps everything above.
  virtual std::string caveat() const { return {}; }
};

// A directory that exists; it is never created: a missing one is a disk that is not mounted.
std::unique_ptr<Store> open_directory(const std::filesystem::path& path, Openness openness);

// How other hosts are reached. The two programs are found in PATH, or are paths; never a shell line.
struct Remote {
  std::string ssh = "ssh";
  std::string rsync = "rsync";
  std::chrono::seconds timeout{30};  // for connecting, and without a byte in either direction
  std::filesystem::path temporary_directory = "/tmp";  // for what rsync must have as a file
  // "": ours. Else what takes a file on the other host, as "PROGRAM >FILE" or, with '!' in front, "PROGRAM
  // FILE": a place by ssh can only be written to then, and promises what the program does.
  std::string far_program;
};

// A directory of another host, "[user@]host:/path", by ssh and a POSIX shell with GNU coreutils there.
std::unique_ptr<Store> open_over_ssh(const std::string& place, const Remote& remote, Openness openness);
// A directory in a module of an rsync daemon, "rsync://[user@]host[:port]/module[/path]". The password is
// RSYNC_PASSWORD of our environment.
std::unique_ptr<Store> open_over_rsync(const std::string& place, const Remote& remote, Openness openness);
// A program that takes each file on its standard input, run as PROGRAM NAME. It can only be written to, and
// tells nothing about what it has.
std::unique_ptr<Store> open_pipe(const std::string& program, const Remote& remote);

}  // namespace pitr
