#include "common/store/ssh_session.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "common/os/processes.h"

namespace pitr {

constexpr std::string_view store_script =
#include "ssh_far_side.inc"
    ;

namespace {

// The directory of the sockets of ssh's masters. The path of a socket may have about 100 bytes, so a long
// XDG_RUNTIME_DIR is not used. Null: somebody else owns the directory or may enter it; then there is no
// master, and every session logs in by itself.
std::optional<std::filesystem::path> control_directory() {
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  const std::filesystem::path parent =
      runtime != nullptr && std::string_view(runtime).size() < 30 ? runtime : "/tmp";
  const std::filesystem::path path = parent / fmt::format("pitr-{}", ::geteuid());
  ::mkdir(path.c_str(), 0700);
  struct stat status {};
  const bool ours = ::lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode) &&
                    status.st_uid == ::geteuid() && (status.st_mode & 0077U) == 0;
  return ours ? std::optional(path) : std::nullopt;
}

// Makes the login shell, whichever it is, start sh, which reads our script from its stdin. dd reads exactly
// the bytes of the script, so that the commands behind it are left for the script.
std::string far_side_command(std::string_view script) {
  return fmt::format("exec sh -c 'eval \"$(dd bs=1 count={} 2>/dev/null)\"'", script.size());
}

}  // namespace

std::vector<std::string> ssh_words(const Remote& remote) {
  const auto seconds = remote.timeout.count();
  std::vector<std::string> words = {remote.ssh, "-T", "-x", "-a"};
  const auto option = [&](std::string text) {
    words.emplace_back("-o");
    words.push_back(std::move(text));
  };
  option("BatchMode=yes");
  option("ClearAllForwardings=yes");
  option("PermitLocalCommand=no");
  option("RemoteCommand=none");
  option(fmt::format("ConnectTimeout={}", seconds));
  // A master whose host has gone ends by itself, and the next session makes a new one.
  option(fmt::format("ServerAliveInterval={}", std::max<std::int64_t>(seconds / 3, 1)));
  option("ServerAliveCountMax=2");
  if (server_is_init()) {
    // A master outlives us and ends with 255. The user's own configuration may ask for one.
    option("ControlMaster=no");
    option("ControlPath=none");
    option("ControlPersist=no");
  } else if (const auto directory = control_directory()) {
    option("ControlMaster=auto");
    option("ControlPath=" + (*directory / "%C").native());
    option("ControlPersist=60");
  }
  return words;
}

std::vector<std::string> ssh_words(const std::string& host, const Remote& remote, std::string command) {
  std::vector<std::string> words = ssh_words(remote);
  words.insert(words.end(), {"--", host, std::move(command)});
  return words;
}

SshSession::SshSession(const std::string& host, const std::string& directory, const Remote& remote,
                       std::string_view script)
    : described_(host),
      process_(ssh_words(host, remote, far_side_command(script)), {}, "ssh " + host, remote.timeout) {
  process_.write(as_bytes(script));
  send({directory});
  // Skips what the login scripts of the other host print.
  constexpr int most_noise = 1000;
  int noise = 0;
  while (line() != "/pitr") {
    if (++noise > most_noise) fail(Exit::failed, "ssh {}: it says everything but what it was asked", host);
  }
  in_context(host + ":" + directory, [&] { reply(); });
}

void SshSession::send(std::initializer_list<std::string_view> lines) {
  std::string text;
  for (const std::string_view line : lines) {
    text += line;
    text += '\n';
  }
  try {
    process_.write(as_bytes(text));
  } catch (...) {
    broken_ = true;
    throw;
  }
}

void SshSession::fill() {
  char buffer[32 * 1024];
  const std::size_t n = process_.read(std::as_writable_bytes(std::span(buffer)));
  if (n == 0) {
    const int status = process_.wait();
    const std::string words = process_.last_words();
    fail(Exit::failed, "ssh {}: {}", described_,
         words.empty() ? fmt::format("it ended with status {}", status) : words);
  }
  unread_.append(buffer, n);
}

std::string SshSession::line() {
  constexpr std::size_t longest = 64 * 1024;
  try {
    for (;;) {
      const std::size_t end = unread_.find('\n');
      if (end != unread_.npos) {
        std::string line = unread_.substr(0, end);
        unread_.erase(0, end + 1);
        if (line != "/wait") return line;
      } else if (unread_.size() > longest) {
        fail(Exit::failed, "ssh {}: an answer without an end", described_);
      } else {
        fill();
      }
    }
  } catch (...) {
    broken_ = true;
    throw;
  }
}

std::string SshSession::reply() {
  const std::string text = line();
  if (!text.starts_with('/')) {
    broken_ = true;
    fail(Exit::failed, "ssh {}: it answers '{}'", described_, text);
  }
  constexpr std::string_view failure = "/fail ";
  if (text.starts_with(failure)) fail(Exit::failed, "{}", text.substr(failure.size()));
  return text.substr(1);
}

std::size_t SshSession::read(std::span<std::byte> buffer) {
  if (unread_.empty()) return process_.read(buffer);
  const std::size_t n = std::min(buffer.size(), unread_.size());
  const Bytes bytes = as_bytes(unread_);
  std::copy_n(bytes.begin(), n, buffer.begin());
  unread_.erase(0, n);
  return n;
}

std::unique_ptr<SshSession> SshSessions::take() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      auto session = std::move(idle_.back());
      idle_.pop_back();
      return session;
    }
  }
  return std::make_unique<SshSession>(host_, directory_, remote_);
}

void SshSessions::give_back(std::unique_ptr<SshSession> session) {
  if (session->is_broken()) return;
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(session));
}

}  // namespace pitr
