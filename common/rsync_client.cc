#include "common/rsync_client.h"

#include <algorithm>
#include <cstdlib>

#include "common/piped_process.h"

namespace pitr {
namespace {

constexpr std::string_view scheme = "rsync://";

[[noreturn]] void refuse(const std::string& place, std::string_view reason) {
  fail(Exit::usage, "{}: {}, as in rsync://[USER@]HOST[:PORT]/MODULE/PATH", place, reason);
}

bool is_control(unsigned char c) {
  return c < 0x20 || c == 0x7F;
}

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

}  // namespace

RsyncClient::RsyncClient(const std::string& place, const Remote& remote) : place_(place), remote_(remote) {
  if (!place.starts_with(scheme)) refuse(place, "no place of an rsync daemon");
  while (place_.ends_with('/') && place_.size() > scheme.size()) place_.pop_back();
  const std::size_t slash = std::min(place_.find('/', scheme.size()), place_.size());
  const std::string authority = place_.substr(scheme.size(), slash - scheme.size());
  const std::size_t at = authority.rfind('@');
  const std::string host = at == authority.npos ? authority : authority.substr(at + 1);
  if (host.empty() || host.starts_with('-') || host.starts_with(':') || authority.starts_with('-') ||
      at == 0 || authority.find(' ') != authority.npos) {
    refuse(place, "no host that rsync could reach");
  }
  if (std::ranges::any_of(place, is_control)) refuse(place, "control characters");
  if (at != authority.npos && authority.substr(0, at).find(':') != authority.npos) {
    fail(Exit::usage, "rsync://...@{}: no password belongs into a place (set RSYNC_PASSWORD)", host);
  }
  module_end_ = std::min(place_.find('/', slash + 1), place_.size());
  if (module_end_ <= slash + 1) refuse(place, "no module");
  if (place_[slash + 1] == '-') refuse(place, "no module has a leading '-'");
  const std::string path = place_.substr(slash) + "/";
  if (path.find("/../") != path.npos) refuse(place, "'..' in the path");
  // The daemon would take the path for a pattern, and which backslash it drops then depends on the pattern.
  if (path.find_first_of("*?[\\") != path.npos) refuse(place, "*, ?, [ or \\ in the path");
}

std::string RsyncClient::in_module(const Name& name) const {
  const std::string path = module_end_ < place_.size() ? place_.substr(module_end_ + 1) + "/" : "";
  return path + name.text();
}

RsyncClient::Result RsyncClient::run(const Command& command) const {
  // A disk gives and takes at least this much in a second.
  constexpr std::uint64_t slow_disk = 20 * 1024 * 1024;
  const std::chrono::seconds silence(command.silent_bytes / slow_disk);
  std::vector<std::string> words = {remote_.rsync, "--no-motd", "--8-bit-output", "--no-human-readable"};
  words.push_back(fmt::format("--contimeout={}", remote_.timeout.count()));
  words.push_back(fmt::format("--timeout={}", (remote_.timeout + silence).count()));
  words.insert(words.end(), command.arguments.begin(), command.arguments.end());
  std::vector<std::string> environment = {"LC_ALL=C", "TZ=UTC0"};
  // Without one it would ask for it on the terminal.
  if (std::getenv("RSYNC_PASSWORD") == nullptr) environment.emplace_back("RSYNC_PASSWORD=");
  // Its own limits end it with better words; ours is for an rsync that hangs itself. A long listing takes its
  // time without printing a line.
  constexpr std::chrono::seconds listing(300);
  PipedProcess process(words, environment, "rsync " + place_, remote_.timeout + silence + listing,
                       command.input);
  try {
    if (!command.names.empty()) process.write(as_bytes(command.names));
  } catch (const Error&) {
    throw_if_signalled();  // else it has ended, and says why
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

void RsyncClient::run_or_fail(const Command& command) const {
  const Result result = run(command);
  if (result.status != 0) fail(Exit::failed, "{}", reason(result));
}

std::string RsyncClient::reason(const Result& result) {
  // The first line is the reason, the others follow from it.
  std::string text;
  const auto keep = [&](const std::string& line) {
    if (text.empty()) text = without_prefix(line);
  };
  Lines(keep).add(result.said + "\n");
  constexpr int cannot_run = 127;
  if (text.empty()) {
    return result.status == cannot_run ? "rsync cannot be run (is it there, and executable?)"
                                       : fmt::format("rsync ended with status {}", result.status);
  }
  if (text.starts_with("auth failed")) text += " (is RSYNC_PASSWORD right?)";
  return text;
}

}  // namespace pitr
