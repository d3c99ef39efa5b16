#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "common/os/spool_file.h"
#include "common/store/rsync_client.h"

namespace pitr {

// What all files of one place share.
struct RsyncModule {
  RsyncModule(const std::string& place, const Remote& remote, mode_t file_mode)
      : client(place, remote), temporary_directory(remote.temporary_directory), mode(file_mode) {}
  const RsyncClient client;
  const std::filesystem::path temporary_directory;
  const mode_t mode;
  std::atomic<bool> has_fsync = true;  // until the daemon or our rsync says that it has not
};

// rsync cannot stream: the file is fetched as a whole, at the first read(). Throws when it has not `size`
// bytes.
std::unique_ptr<Source> receive(std::shared_ptr<RsyncModule> module, const Name& name, std::uint64_t size);

// Sends a file, to a temporary name of rsync's own that is renamed when it is whole. False: the name was
// taken.
bool send(RsyncModule& module, const SpoolFile& content, const std::string& name);

// Are these the bytes that the other side has under that name, by their size and checksum?
bool has_sent(const RsyncModule& module, const SpoolFile& content, const std::string& name);

}  // namespace pitr
