#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/os/spool_file.h"
#include "common/store/store.h"

namespace pitr {

// A run of rsync, whatever it reaches.
struct RsyncCommand {
  std::vector<std::string> arguments = {};
  std::string_view names = {};     // for --files-from=-, each with a zero behind it
  const Fd* input = nullptr;       // a file as its stdin, in place of names
  std::uint64_t silent_bytes = 0;  // what it may have to read or to sync without a word
  // Called for each line that it prints; '\r', as in progress, ends a line, too.
  std::function<void(const std::string&)> each = [](const std::string&) {};
};

struct RsyncResult {
  int status;
  std::string said;

  // Why the run did not work, in one line.
  std::string reason() const;
};

// `described` is what messages call it.
RsyncResult run_rsync(const RsyncCommand& command, const Remote& remote, const std::string& described);

// A directory in a module of a daemon. Shared by a store, its sources and its sinks, on any thread.
class RsyncModule {
 public:
  // "rsync://[user@]host[:port]/module[/path]"; throws usage on anything else. Does not reach it.
  // `file_mode`: of the files that are sent.
  RsyncModule(std::string place, const Remote& remote, mode_t file_mode);

  const std::string& place() const { return place_; }  // as messages call it: without a slash at its end
  // As arguments of rsync. "/." at the end makes whatever is no directory an error.
  std::string directory() const { return place_ + "/."; }
  std::string module() const { return place_.substr(0, module_end_) + "/."; }
  // The name of a file in this directory as seen from module().
  std::string in_module(const Name& name) const;
  const std::filesystem::path& temporary_directory() const { return remote_.temporary_directory; }
  bool has_fsync() const { return has_fsync_; }

  void run(const RsyncCommand& command) const;  // throws when rsync fails. Every call is a connection.

  // Sends a file, to a temporary name of rsync's own that is renamed when it is whole. False: the name was
  // taken.
  bool send(const SpoolFile& content, const std::string& name);
  // Has the other side these bytes under that name, by their size and checksum?
  bool has_sent(const SpoolFile& content, const std::string& name) const;

 private:
  RsyncResult try_run(RsyncCommand command) const;
  RsyncResult send_as(const SpoolFile& content, const std::string& name, RsyncCommand command) const;

  std::string place_;
  std::size_t module_end_ = 0;  // in place_, behind the module's name
  const Remote remote_;
  const mode_t file_mode_;
  std::atomic<bool> has_fsync_ = true;  // until the daemon or our rsync says that it has not
};

// One line of `rsync --list-only`.
struct RsyncEntry {
  bool is_file = false, is_directory = false;
  std::uint64_t size = 0;  // bytes
  std::chrono::system_clock::time_point modified;
  std::string name;
};
RsyncEntry parse_rsync_entry(const std::string& line);  // throws on anything else

// ".NAME.XXXXXX", as rsync calls what it receives.
bool is_rsync_temporary(std::string_view name);

}  // namespace pitr
