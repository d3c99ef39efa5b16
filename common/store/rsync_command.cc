#include "common/store/rsync_command.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "common/os/temporary_directory.h"
#include "common/process/piped_process.h"

namespace pitr {
namespace {

// The lines of what is read in pieces.
class Lines {
 public:
  explicit Lines(const std::function<void(const std::string&)>& each) : each_(each) {}
  void add(std::string_view text) {
    for (const char c : text) {
      if (c != '\n' && c != '\r') {
        line_ += c;
      } else if (!line_.empty()) {
        each_(line_);
        line_.clear();
      }
    }
  }

 private:
  const std::function<void(const std::string&)>& each_;
  std::string line_;
};

// "rsync: [sender] change_dir ..." without what every line has.
std::string without_prefix(std::string line) {
  for (const std::string_view prefix : {"rsync: ", "@ERROR: ", "ERROR: ", "rsync error: ", "[sender] ",
                                        "[Receiver] ", "[receiver] ", "[generator] "}) {
    if (line.starts_with(prefix)) line.erase(0, prefix.size());
  }
  // "... at main.c(1954) [Receiver=3.2.7]" is for who works on rsync.
  const std::size_t source = line.find(" at ");
  if (line.ends_with(']') && source != line.npos && line.find(".c(", source) != line.npos) line.erase(source);
  return line;
}

constexpr std::string_view scheme = "rsync://";

[[noreturn]] void refuse(const std::string& place, std::string_view reason) {
  fail(Exit::usage, "{}: {}, as in rsync://[USER@]HOST[:PORT]/MODULE/PATH", place, reason);
}

bool is_control(unsigned char c) { return c < 0x20 || c == 0x7F; }

}  // namespace

RsyncResult run_rsync(const RsyncCommand& command, const Remote& remote, const std::string& described) {
  // A disk gives and takes at least this much in a second.
  constexpr std::uint64_t slow_disk = 20 * 1024 * 1024;
  const std::chrono::seconds silence(command.silent_bytes / slow_disk);
  std::vector<std::string> words = {remote.rsync, "--8-bit-output", "--no-human-readable"};
  words.push_back(fmt::format("--timeout={}", (remote.timeout + silence).count()));
  words.insert(words.end(), command.arguments.begin(), command.arguments.end());
  std::vector<std::string> environment = {"LC_ALL=C", "TZ=UTC0"};
  // Without one it would ask for it on the terminal.
  if (std::getenv("RSYNC_PASSWORD") == nullptr) environment.emplace_back("RSYNC_PASSWORD=");
  // Its own limits end it with better words; ours is for an rsync that hangs itself. A long listing takes its
  // time without printing a line.
  constexpr std::chrono::seconds listing(300);
  PipedProcess process(words, environment, described, remote.timeout + silence + listing, command.input);
  try {
    if (!command.names.empty()) process.write(as_bytes(command.names));
  } catch (const Error&) {
    // It has ended, and says why.
  }
  process.close_input();
  Lines lines(command.each);
  std::vector<std::byte> buffer(64 * 1024);
  for (std::size_t n = process.read(buffer); n > 0; n = process.read(buffer)) {
    lines.add({reinterpret_cast<const char*>(buffer.data()), n});
  }
  const int status = process.wait();
  return {status, process.said()};
}

std::string RsyncResult::reason() const {
  // The first line is the reason, the others follow from it.
  std::string text;
  const auto keep = [&](const std::string& line) {
    if (text.empty()) text = without_prefix(line);
  };
  Lines(keep).add(said + "\n");
  constexpr int cannot_run = 127;
  if (text.empty()) {
    return status == cannot_run ? "rsync cannot be run (is it there, and executable?)"
                                : fmt::format("rsync ended with status {}", status);
  }
  if (text.starts_with("auth failed")) text += " (is RSYNC_PASSWORD right?)";
  return text;
}

RsyncModule::RsyncModule(std::string place, const Remote& remote, mode_t file_mode)
    : place_(std::move(place)), remote_(remote), file_mode_(file_mode) {
  if (!place_.starts_with(scheme)) refuse(place_, "no place of an rsync daemon");
  while (place_.ends_with('/') && place_.size() > scheme.size()) place_.pop_back();
  const std::size_t slash = std::min(place_.find('/', scheme.size()), place_.size());
  const std::string authority = place_.substr(scheme.size(), slash - scheme.size());
  const std::size_t at = authority.rfind('@');
  const std::string host = at == authority.npos ? authority : authority.substr(at + 1);
  if (host.empty() || host.starts_with('-') || host.starts_with(':') || authority.starts_with('-') ||
      at == 0 || authority.find(' ') != authority.npos) {
    refuse(place_, "no host that rsync could reach");
  }
  if (std::ranges::any_of(place_, is_control)) refuse(place_, "control characters");
  if (at != authority.npos && authority.substr(0, at).find(':') != authority.npos) {
    fail(Exit::usage, "rsync://...@{}: no password belongs into a place (set RSYNC_PASSWORD)", host);
  }
  module_end_ = std::min(place_.find('/', slash + 1), place_.size());
  if (module_end_ <= slash + 1) refuse(place_, "no module");
  if (place_[slash + 1] == '-') refuse(place_, "no module has a leading '-'");
  const std::string path = place_.substr(slash) + "/";
  if (path.find("/../") != path.npos) refuse(place_, "'..' in the path");
  // The daemon would take the path for a pattern, and which backslash it drops then depends on the pattern.
  if (path.find_first_of("*?[\\") != path.npos) refuse(place_, "*, ?, [ or \\ in the path");
}

std::string RsyncModule::in_module(const Name& name) const {
  const std::string path = module_end_ < place_.size() ? place_.substr(module_end_ + 1) + "/" : "";
  return path + name.text();
}

RsyncResult RsyncModule::try_run(RsyncCommand command) const {
  command.arguments.insert(command.arguments.begin(),
                           {"--no-motd", fmt::format("--contimeout={}", remote_.timeout.count())});
  return run_rsync(command, remote_, "rsync " + place_);
}

void RsyncModule::run(const RsyncCommand& command) const {
  const RsyncResult result = try_run(command);
  if (result.status != 0) fail(Exit::failed, "{}", result.reason());
}

// Runs rsync with the content as the file NAME, and with the words that all sending has.
RsyncResult RsyncModule::send_as(const SpoolFile& content, const std::string& name,
                                 RsyncCommand command) const {
  const TemporaryDirectory temporary(remote_.temporary_directory);
  // Content without a name, which rsync has as its stdin: only a link lies in a directory.
  const std::filesystem::path link = temporary.path() / "." / name;
  if (::symlink("/proc/self/fd/0", link.c_str()) != 0) {
    fail(Exit::failed, "symlink {}: {}", link.native(), errno_text(errno));
  }
  // --relative: with it no missing directory is created.
  command.arguments.insert(command.arguments.end(),
                           {"--relative", "--copy-links", "--perms", fmt::format("--chmod=F{:o}", file_mode_),
                            "-ii", "--out-format=%i|%n", "--", link.native(), directory()});
  command.input = &content.fd();
  command.silent_bytes = content.size();
  return try_run(command);
}

bool RsyncModule::send(const SpoolFile& content, const std::string& name) {
  bool sent = false;
  const auto attempt = [&] {
    RsyncCommand command{{"--whole-file", "--ignore-existing", "--outbuf=N", "--info=progress2"}};
    if (has_fsync_) command.arguments.emplace_back("--fsync");
    command.each = [&](const std::string& line) { sent = sent || line.starts_with("<f+++++++++"); };
    return send_as(content, name, std::move(command));
  };
  RsyncResult result = attempt();
  // Refused by an old rsync here, an old one there, or the daemon's configuration: each names it.
  if (result.status != 0 && has_fsync_ && result.said.find("--fsync") != std::string::npos) {
    has_fsync_ = false;
    result = attempt();
  }
  if (result.status != 0) fail(Exit::failed, "{}", result.reason());
  return sent;
}

bool RsyncModule::has_sent(const SpoolFile& content, const std::string& name) const {
  bool same = false;
  bool other = false;
  RsyncCommand command{{"--checksum", "--dry-run"}};
  command.each = [&](const std::string& line) {
    same = same || line.starts_with(".f");
    other = other || line.starts_with("<f");
  };
  const RsyncResult result = send_as(content, name, std::move(command));
  if (result.status != 0) fail(Exit::failed, "check what was sent: {}", result.reason());
  if (!same && !other) fail(Exit::failed, "rsync does not say whether it is there");
  return same;
}

}  // namespace pitr
