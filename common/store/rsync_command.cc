#include "common/store/rsync_command.h"

#include <cstdlib>

#include "common/os/signals.h"
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

}  // namespace pitr
