#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "basebackup/sync/copy_layout.h"
#include "basebackup/sync/far_rsync.h"
#include "common/base/survivors.h"
#include "common/cli/log.h"
#include "common/store/ssh_session.h"

namespace pitr {

// What must be on another host for a copy to be made there.
struct FarPrograms {
  std::string tar = "tar";
  std::string decompressor;  // "": what is sent is not compressed
  FarRsync rsync;
  std::string another;  // "": nothing else
};

std::string host_of(const std::string& place);  // without the user

// A directory of another host, "[user@]host:/path", that becomes a copy of a cluster. Sessions run
// sync_far_side.sh.
class CopyOutput final : public Sink {
 public:
  // Throws when it cannot be reached or lacks a program.
  CopyOutput(const std::string& place, const Remote& remote, const FarPrograms& programs);

  const std::string& place() const { return place_; }

  // What is there and would be removed or brought up to date, and what would be written: lines for a person.
  // Throws usage when nothing may be made there.
  std::vector<std::string> look(const Cluster& cluster, const std::vector<CopiedTablespace>& tablespaces);

  // Looks again and removes it, unless rsync is to find it. From here on, until finish() returns, no server
  // starts there.
  void clear();
  // With rsync: removes what is not in the lists. Links are not; they come in the stream.
  void prune(SpoolFile& names);
  // With rsync: brings the files. Uses no session, so that several outputs can do it at a time.
  void send(const FileLists& lists) const;
  // A stream of tar, compressed for the decompressor; its last member is global/pg_control.unfinished.
  void write(Bytes bytes) override;
  void finish() override;  // the copy is durable

 private:
  std::string ask(std::initializer_list<std::string_view> lines);
  void send_block();

  const std::string place_;
  const Remote remote_;
  const FarRsync rsync_;
  SshSession session_;
  std::string_view verb_ = "unpack";  // what the stream is for
  std::string block_;
  bool begun_ = false;
};

// All outputs. One that fails drops out and is reported with what is left there; the last one's failure is
// everybody's.
class CopyOutputs final : public Sink {
 public:
  CopyOutputs(std::vector<std::unique_ptr<CopyOutput>> outputs, Log& log);
  ~CopyOutputs() override;
  CopyOutputs(const CopyOutputs&) = delete;
  CopyOutputs& operator=(const CopyOutputs&) = delete;

  void clear();
  // With rsync: afterwards they hold what the lists have, and nothing else. Calls `meanwhile` every moment.
  void bring(FileLists& lists, const std::function<void()>& meanwhile);
  void write(Bytes bytes) override;
  void finish() override;
  bool any_failed() const { return outputs_.any_failed(); }

 private:
  void tell_what_is_left(const CopyOutput& output);

  Log& log_;
  Survivors<CopyOutput> outputs_;
  bool begun_ = false, finished_ = false;
};

}  // namespace pitr
