#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "common/process/piped_process.h"
#include "common/store/store.h"

namespace pitr {

// How ssh is called, up to the host that it is to reach.
std::vector<std::string> ssh_words(const Remote& remote);
// The same to give `command` to the shell of another host.
std::vector<std::string> ssh_words(const std::string& host, const Remote& remote, std::string command);

// The far side of an ssh store: ssh_far_side.sh.
extern const std::string_view store_script;

// A connection to the shell that runs a script of ours for a directory of another host. Connections to one
// host share a master (ssh's ControlMaster, in a private directory), so that only the first one logs in.
//
// After an Error the session is broken: replies to earlier commands may still be on their way, so it must not
// be used again.
class SshSession {
 public:
  // Throws when the host cannot be reached, lacks what is needed or has no such directory, as the script sees
  // it. `script` is a shell script that reads the directory, says "/pitr" when it begins, and a reply when
  // that is done.
  SshSession(const std::string& host, const std::string& directory, const Remote& remote,
             std::string_view script = store_script);

  void send(std::initializer_list<std::string_view> lines);
  void send_bytes(Bytes bytes) { process_.write(bytes); }
  // Waits for the next reply and returns it without its '/'. Throws when it is "fail REASON"; the session can
  // be used after that.
  std::string reply();
  // The next line of a listing: a name; or the reply that ends the listing, with its '/'.
  std::string line();
  std::size_t read(std::span<std::byte> buffer);

  // The next bytes may be the rest of an earlier reply: the session is not used again.
  bool is_broken() const { return broken_; }
  void set_broken() { broken_ = true; }

 private:
  void fill();

  std::string described_;
  PipedProcess process_;
  std::string unread_;
  bool broken_ = false;
};

// A directory there whose files are written by Remote::far_program.
std::unique_ptr<Store> open_far_program(const std::string& host, const std::string& directory,
                                        const Remote& remote);

// The sessions to one directory. One that is not broken is used again.
class SshSessions {
 public:
  SshSessions(std::string host, std::string directory, const Remote& remote)
      : host_(std::move(host)), directory_(std::move(directory)), remote_(remote) {}
  std::unique_ptr<SshSession> take();
  void give_back(std::unique_ptr<SshSession> session);

 private:
  const std::string host_, directory_;
  const Remote remote_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<SshSession>> idle_;  // guarded by mutex_
};

// A session for as long as the object lives.
class BorrowedSession {
 public:
  explicit BorrowedSession(std::shared_ptr<SshSessions> sessions)
      : sessions_(std::move(sessions)), session_(sessions_->take()) {}
  ~BorrowedSession() { sessions_->give_back(std::move(session_)); }
  BorrowedSession(const BorrowedSession&) = delete;
  BorrowedSession& operator=(const BorrowedSession&) = delete;
  SshSession* operator->() { return session_.get(); }

 private:
  std::shared_ptr<SshSessions> sessions_;
  std::unique_ptr<SshSession> session_;
};

}  // namespace pitr
